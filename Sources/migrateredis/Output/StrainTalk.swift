import MigrationKit

/// Says once when a walk is slowed or stopped for the sake of the server, and once when it goes on: nobody may be watching
/// a bar.
struct StrainTalk: Sendable {
    private var last: WalkStrain.Degree?

    /// The line to say about a walk's progress, if there is one.
    mutating func line(_ activity: String, _ progress: Progress) -> String? {
        let degree = progress.strain?.degree
        guard degree != last else { return nil }
        last = degree
        return progress.strain.map { "\(activity) is \($0.text)" } ?? "\(activity) goes on"
    }
}
