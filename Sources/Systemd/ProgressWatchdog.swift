/// Decides whether the main loop has earned a ping to the watchdog.
///
/// It has if it took a step since the last ping, or if it waits on purpose until a time that has not passed. So a loop
/// that hangs starves the watchdog and the service is restarted, while a loop that waits for a slow Redis with a deadline
/// is left alone. It speaks for one loop: a later word replaces an earlier one.
public struct ProgressWatchdog: Equatable, Sendable {
    /// Whether the loop took a step that no ping has told of. A start is a step: the first ping needs no other.
    private var hasMoved = true

    /// The end of the wait that the loop announced, if that was its last word.
    private var deadline: ContinuousClock.Instant?

    /// Creates a policy that allows one ping at once.
    public init() {}

    /// Notes that the loop took a step; a wait that was announced is over.
    public mutating func progressed() {
        hasMoved = true
        deadline = nil
    }

    /// Notes that the loop now waits, with a deadline after which silence is a fault.
    ///
    /// To announce a wait is a step too: a loop of short waits and long work would otherwise be judged by the chance of
    /// when it is looked at.
    public mutating func waitingOnPurpose(until deadline: ContinuousClock.Instant) {
        hasMoved = true
        self.deadline = deadline
    }

    /// Tells whether to ping now, and takes `true` for a ping that is made.
    public mutating func shouldPing(now: ContinuousClock.Instant) -> Bool {
        defer { hasMoved = false }
        return hasMoved || deadline.map { now < $0 } ?? false
    }
}
