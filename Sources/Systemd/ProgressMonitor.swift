import Synchronization

/// Carries the main loop's word of progress to the task that pings the watchdog.
///
/// The loop says what it does, another task asks ``shouldPing(now:)``; no call waits for more than the other's few
/// instructions. The rules are those of ``ProgressWatchdog``.
public final class ProgressMonitor: Sendable {
    private let policy = Mutex(ProgressWatchdog())

    /// Creates a monitor that allows one ping at once.
    public init() {}

    /// Notes that the loop took a step.
    public func progressed() {
        policy.withLock { $0.progressed() }
    }

    /// Notes that the loop waits until this time at the latest.
    public func waitingOnPurpose(until deadline: ContinuousClock.Instant) {
        policy.withLock { $0.waitingOnPurpose(until: deadline) }
    }

    /// Tells whether to ping now, and takes `true` for a ping that is made.
    public func shouldPing(now: ContinuousClock.Instant = .now) -> Bool {
        policy.withLock { $0.shouldPing(now: now) }
    }
}
