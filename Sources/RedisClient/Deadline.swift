/// A point on the monotonic clock by which something must be done.
struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    /// The point that lies this far ahead.
    init(after duration: Duration) {
        instant = ContinuousClock.now + duration
    }

    /// How much time is left; zero once it has passed.
    var left: Duration { max(ContinuousClock.now.duration(to: instant), .zero) }

    /// Whether it has passed.
    var hasPassed: Bool { left == .zero }

    /// Milliseconds left, rounded up, for poll(2); 0 once it has passed.
    ///
    /// At most what poll takes (24 days): whoever waits asks again.
    var pollMilliseconds: Int32 {
        let left = left
        guard left > .zero else { return 0 }
        guard left < .milliseconds(Int64(Int32.max)) else { return .max }
        let (seconds, attoseconds) = left.components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
