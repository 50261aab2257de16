/// Notices when nothing could be done for longer than a minute, for whatever reasons, and says so once.
struct LongWait: Sendable {
    /// What passes before it is told.
    static let patience = Duration.seconds(60)

    private var began: ContinuousClock.Instant?
    private var isTold = false

    /// Notes what was decided now; returns how long it has waited if that is to be told.
    mutating func note(_ action: Action, at now: ContinuousClock.Instant) -> Duration? {
        switch action {
        case .wait:
            let since = began ?? now
            began = since
            guard !isTold, since.duration(to: now) > Self.patience else { return nil }
            isTold = true
            return since.duration(to: now)
        // A step that runs may fail and lead back to the same wait.
        case .run: return nil
        case .stall, .converged:
            self = LongWait()
            return nil
        }
    }
}
