import MigrationKit
import Reconciler

/// How fast a walk goes, by what two looks saw of it.
struct WatchRate: Sendable, Equatable {
    private var first: (count: Int, at: ContinuousClock.Instant)
    private var last: (count: Int, at: ContinuousClock.Instant)

    /// A rate of which one look is known.
    init(_ count: Int, at instant: ContinuousClock.Instant) {
        first = (count, instant)
        last = first
    }

    /// Notes another look; a count that falls is a new walk.
    mutating func note(_ count: Int, at instant: ContinuousClock.Instant) {
        if count < last.count { first = (count, instant) }
        last = (count, instant)
    }

    /// Items in a second; 0 while it is not known.
    var perSecond: Int {
        let milliseconds = first.at.duration(to: last.at).milliseconds
        return milliseconds < 500 ? 0 : (last.count - first.count) * 1000 / Int(milliseconds)
    }

    static func == (one: WatchRate, other: WatchRate) -> Bool {
        one.first == other.first && one.last == other.last
    }
}
