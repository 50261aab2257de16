/// How long a lock lives, how often it is renewed and when it counts as abandoned.
public struct LockTimes: Sendable, Equatable {
    /// The lock's time to live after each renewal.
    public var timeToLive: Duration
    /// The time between two renewals.
    public var renewInterval: Duration
    /// The time without renewal after which another may take it.
    public var staleAfter: Duration

    /// Times, by default 1 h, 10 s and 60 s; `renewInterval` × 3 < `staleAfter` < `timeToLive` is the reader's to check.
    public init(
        timeToLive: Duration = .seconds(3600),
        renewInterval: Duration = .seconds(10),
        staleAfter: Duration = .seconds(60)
    ) {
        self.timeToLive = timeToLive
        self.renewInterval = renewInterval
        self.staleAfter = staleAfter
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    public var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
