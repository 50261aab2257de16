import Synchronization

/// The limits in force: what is set here holds from the next batch, also of a walk that is under way.
public final class LiveLimits: Sendable {
    private let limits: Mutex<Limits>

    /// Limits, until others are set.
    public init(_ limits: Limits) {
        self.limits = Mutex(limits)
    }

    /// What holds now.
    public var current: Limits {
        get { limits.withLock { $0 } }
        set { limits.withLock { $0 = newValue } }
    }
}
