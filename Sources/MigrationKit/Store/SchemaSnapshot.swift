import RedisClient

/// What one look at Redis found: everything that decisions depend on, from one pipeline.
public struct SchemaSnapshot: Sendable {
    /// Why nothing may be written, if something of the bookkeeping is not what it should be.
    public var refusal: MigrationError?
    /// The current schema version, or why it cannot be read.
    public var version: Result<Int, MigrationError>
    /// The highest version that the history says was raised to, if it is above the current one.
    public var raisedBefore: Int?
    /// The state of each migration that has one, or why it cannot be read; in the registry's order.
    public var states: [String: Result<MigrationState, MigrationError>]
    /// The approval of each migration that has one.
    public var approvals: [String: Approval]
    /// What Outpost itself says about each migration of which it has a record, or why that cannot be read.
    public var records: [String: Result<OutpostRecord, MigrationError>]
    /// Who holds the lock.
    public var lock: LockReading
    /// The locks of Outpost's own migrators.
    public var outpostLocks: [OutpostLock]
    /// The order to stop, if there is one.
    public var pause: Override?
    /// The target that takes the place of the configured one, or why the order cannot be read.
    public var pin: Result<Pin?, MigrationError>
    /// The last order to forget failures.
    public var retry: RetryOrder?
    /// The server.
    public var server: ServerInfo
    /// The server's clock.
    public var time: Timestamp

    /// A snapshot of its parts.
    public init(
        refusal: MigrationError? = nil,
        version: Result<Int, MigrationError>,
        states: [String: Result<MigrationState, MigrationError>],
        approvals: [String: Approval],
        records: [String: Result<OutpostRecord, MigrationError>] = [:],
        lock: LockReading,
        outpostLocks: [OutpostLock] = [],
        pause: Override?,
        pin: Result<Pin?, MigrationError> = .success(nil),
        retry: RetryOrder? = nil,
        server: ServerInfo,
        time: Timestamp
    ) {
        self.refusal = refusal
        self.version = version
        self.states = states
        self.approvals = approvals
        self.records = records
        self.lock = lock
        self.outpostLocks = outpostLocks
        self.pause = pause
        self.pin = pin
        self.retry = retry
        self.server = server
        self.time = time
    }

    /// All locks.
    public var locks: Locks { Locks(own: lock, outpost: outpostLocks) }

    /// The state of a migration, if it has one.
    ///
    /// Errors: `unreadable`.
    public func state(of migration: String) throws -> MigrationState? {
        try states[migration]?.get()
    }

    /// Whether Outpost's record of a migration is missing although we have verified the migration and the version is
    /// raised: an earlier program of ours wrote none, or a cluster's raise was cut off before it.
    public func lacksRecord(of migration: any Migration) -> Bool {
        guard case .success(let version) = version, version >= migration.version, records[migration.name] == nil,
            case .success(let state)? = states[migration.name], state.format != nil
        else { return false }
        return state.phase.isVerifiedOrLater
    }
}
