/// How long to wait before the next try: doubles from 1 s to 5 min, with jitter, for ever.
public struct Backoff: Sendable, Equatable {
    /// How many tries have failed in a row.
    public private(set) var failures = 0

    /// No failure yet.
    public init() {}

    /// The longest wait.
    public static let longest = Duration.seconds(300)

    /// Notes a failure and says how long to wait; `jitter` lies in −1…1 and moves the wait by up to a fifth.
    public mutating func next(jitter: Double) -> Duration {
        let wait = Duration.seconds(1) * (1 << min(failures, 9))
        failures += 1
        return min(wait * (1 + 0.2 * max(-1, min(1, jitter))), Self.longest)
    }

    /// Forgets all failures.
    public mutating func reset() {
        failures = 0
    }
}
