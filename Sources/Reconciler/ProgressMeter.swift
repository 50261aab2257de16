import MigrationKit

/// Knows since when the walk in hand counts, so that its rate is its own: a step may walk more than once.
public struct ProgressMeter: Sendable {
    private var began: ContinuousClock.Instant?
    private var last = 0

    /// A meter that has seen nothing.
    public init() {}

    /// Notes how far a walk is, and says how long it has gone on; a count that falls is a new walk.
    public mutating func elapsed(at progress: Progress, now: ContinuousClock.Instant = .now) -> Duration {
        if progress.processedItems < last || began == nil { began = now }
        last = progress.processedItems
        return began?.duration(to: now) ?? .zero
    }
}
