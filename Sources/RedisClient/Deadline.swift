import Glibc

/// A point on the monotonic clock by which something must be done.
struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    /// The point that lies this far ahead.
    init(after duration: Duration) {
        instant = ContinuousClock.now + duration
    }

    /// Whether it has passed.
    var hasPassed: Bool { ContinuousClock.now >= instant }

    /// Milliseconds left, rounded up, for poll(2); 0 once it has passed.
    var pollMilliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: instant)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: milliseconds)
    }
}
