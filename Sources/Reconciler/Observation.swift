import MigrationKit

/// What a decision depends on besides the wish: the world at one look, and what this process remembers of earlier ones.
public struct Observation: Sendable {
    /// One migration as it stands.
    public struct Standing: Sendable {
        /// Its name.
        public var name: String
        /// The version that it raises to.
        public var version: Int
        /// Whether it concerns this deployment.
        public var applicability: Applicability
        /// Its state, if it has one, or why that cannot be read.
        public var state: Result<MigrationState?, MigrationError>
        /// Its approval, if it has one.
        public var approval: Approval?
        /// What Outpost itself says of it, if it does, or why that cannot be read.
        public var record: Result<OutpostRecord?, MigrationError> = .success(nil)
        /// Whether Outpost's record of it is missing at a version that we have raised.
        public var lacksRecord = false

        /// A standing of its parts.
        public init(
            name: String,
            version: Int,
            applicability: Applicability = .applicable,
            state: Result<MigrationState?, MigrationError>,
            approval: Approval? = nil
        ) {
            self.name = name
            self.version = version
            self.applicability = applicability
            self.state = state
            self.approval = approval
        }
    }

    /// The current version, or why it cannot be read.
    public var version: Result<Int, MigrationError>
    /// The highest version that the history says was raised to, if it is above the current one.
    public var raisedBefore: Int?
    /// Every migration known, in order.
    public var migrations: [Standing]
    /// Who else holds the lock, if it cannot be taken now.
    public var lockedBy: LockHolder?
    /// The order to stop, if there is one.
    public var pause: Override?
    /// Why nothing may be written on this server, if it is a replica.
    public var replicaRefusal: String?
    /// The target that takes the place of the configured one, or why the order cannot be read.
    public var pin: Result<Pin?, MigrationError> = .success(nil)
    /// Whether the server may drop keys by itself.
    public var mayEvict: Bool
    /// The server's clock.
    public var now: Timestamp
    /// How safe the data is on the server's disk.
    public var save: ServerInfo.Save
    /// The server that answers.
    public var server: ServerIdentity?
    /// What went backwards since this process first looked, if anything did.
    public var regression: String?
    /// Whether every failed migration is to be tried again.
    public var retriesFailed: Bool
    /// The failed migrations that are to be tried again: at start, and after `retry` or a reload.
    public var retried: Set<String> = []
    /// Whether the last step of this process was a catch-up: then other work goes before the next one.
    public var followsCatchUp = false
    /// The migrations that were caught up since the last pass that had nothing to do.
    public var followed: Set<String> = []

    /// An observation of its parts.
    public init(
        version: Result<Int, MigrationError>,
        migrations: [Standing],
        lockedBy: LockHolder? = nil,
        pause: Override? = nil,
        mayEvict: Bool = false,
        now: Timestamp,
        save: ServerInfo.Save = .continuous,
        regression: String? = nil,
        retriesFailed: Bool = false
    ) {
        self.save = save
        self.version = version
        self.migrations = migrations
        self.lockedBy = lockedBy
        self.pause = pause
        self.mayEvict = mayEvict
        self.now = now
        self.regression = regression
        self.retriesFailed = retriesFailed
    }

    /// The newest version known.
    public var latest: Int { migrations.count }

    /// What of it can be unreadable, or contradict itself.
    var bookkeeping: Bookkeeping {
        var bookkeeping = Bookkeeping(
            version: version,
            migrations: migrations.map { standing in
                Bookkeeping.Entry(
                    name: standing.name,
                    version: standing.version,
                    applicability: standing.applicability,
                    state: standing.state,
                    record: standing.record
                )
            },
            pin: pin,
            server: server,
            regression: regression,
            raisedBefore: raisedBefore
        )
        bookkeeping.replicaRefusal = replicaRefusal
        return bookkeeping
    }

    /// Whether a migration is to be tried again although it failed.
    func retries(_ migration: String) -> Bool { retriesFailed || retried.contains(migration) }
}

extension Observation {
    /// What a snapshot says, for a process that remembers nothing.
    public init(_ snapshot: SchemaSnapshot, registry: MigrationRegistry, names: KeyNames) {
        self.init(
            version: snapshot.refusal.map(Result.failure) ?? snapshot.version,
            migrations: registry.migrations.map { migration in
                var standing = Standing(
                    name: migration.name,
                    version: migration.version,
                    applicability: migration.applicability(in: names),
                    state: snapshot.states[migration.name].map { $0.map(Optional.some) } ?? .success(nil),
                    approval: snapshot.approvals[migration.name]
                )
                standing.record = snapshot.records[migration.name].map { $0.map(Optional.some) } ?? .success(nil)
                standing.lacksRecord = snapshot.lacksRecord(of: migration)
                return standing
            },
            pause: snapshot.pause,
            mayEvict: snapshot.server.mayEvict,
            now: snapshot.time,
            save: snapshot.server.save
        )
        raisedBefore = snapshot.raisedBefore
        pin = snapshot.pin
        server = snapshot.server.identity
        replicaRefusal = snapshot.server.replicaRefusal
    }
}
