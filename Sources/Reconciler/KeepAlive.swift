/// How long a subscription may be silent before it is proven by a PING.
///
/// Proxies close connections on which nobody says anything, each after a time of its own, which they do not tell. Two ends
/// in a row after the same silence betray it; from then on there is a word before half of it is over.
public struct KeepAlive: Sendable, Equatable {
    /// How long to wait for a message before the next PING.
    public private(set) var interval: Duration
    private var lastSilence: Duration?

    /// A minute at first.
    public init(interval: Duration = .seconds(60)) {
        self.interval = interval
    }

    /// Notes that the other side ended the connection after it had been silent for so long.
    public mutating func note(endAfter silence: Duration) {
        defer { lastSilence = silence }
        guard let lastSilence, silence >= Self.leastSilence,
            silence < lastSilence * 1.25, lastSilence < silence * 1.25
        else { return }
        interval = min(interval, max(silence / 2, Self.leastSilence / 2))
    }

    /// What ends sooner is a fault of the server, and no end of patience.
    private static let leastSilence = Duration.seconds(1)
}
