import MigrationKit
import RedisClient

/// All that a reconciler is told from outside.
public struct ReconcilerConfiguration: Sendable {
    /// How to reach Redis.
    public var connection: ConnectionOptions
    /// The names of the deployment.
    public var names: KeyNames
    /// How the lock is held.
    public var lock: LockTimes
    /// How gently to treat the server.
    public var limits: Limits
    /// What is wanted.
    public var desired: Desired
    /// The time between passes when nothing is due.
    public var interval: Duration
    /// As what it tells of itself in Redis; nil for nothing.
    public var announces: DaemonRecord.Kind?
    /// Where it keeps what it has seen for the next process; nil for nowhere.
    public var memory: (any SeenKeyspaceStore)?

    /// A configuration of its parts.
    public init(
        connection: ConnectionOptions,
        names: KeyNames,
        lock: LockTimes = LockTimes(),
        limits: Limits = Limits(),
        desired: Desired,
        interval: Duration = .seconds(30)
    ) {
        self.connection = connection
        self.names = names
        self.lock = lock
        self.limits = limits
        self.desired = desired
        self.interval = interval
    }
}
