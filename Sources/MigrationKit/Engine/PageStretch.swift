/// How many times as long as usual a page is, where the way to the server is long.
///
/// A page of names that are nobody's to migrate is one round trip and nothing else. Over a long way a walk past millions of
/// them takes as long as its round trips. So pages grow while the server answers quickly and few of their keys have questions.
struct PageStretch: Sendable {
    /// The least time to the server and back.
    let roundTrip: Duration
    /// How many times as long.
    private(set) var factor = 1

    /// Below this the server's own time counts for as much.
    private static let longWay = Duration.milliseconds(2)
    /// The most places that a SCAN is asked for: that takes a server about a millisecond, and two on a busy machine.
    static let mostPlaces = 1500

    /// Notes that a page was answered after so long, with how many keys that have questions.
    mutating func note(took: Duration, related: Int, usual: Int, batchTime: Duration) {
        guard roundTrip >= Self.longWay else { return }
        // How long the way takes differs from time to time. What the server itself does is bounded by the places.
        if took - roundTrip > batchTime + roundTrip / 2 || related > usual {
            factor = max(1, factor / 2)
        } else if related <= usual / 2 {
            factor = max(1, min(factor * 2, Self.mostPlaces / max(1, usual)))
        }
    }
}
