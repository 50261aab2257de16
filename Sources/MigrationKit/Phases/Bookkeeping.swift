/// What one look found of version, states and orders, before it is known whether all of it can be read and belongs together.
///
/// A pass of the daemon and every phase by hand ask `read`, so that neither touches what the other refuses to.
public struct Bookkeeping: Sendable {
    /// One migration as it was found.
    public struct Entry: Sendable {
        /// Its name.
        public var name: String
        /// The version that it raises to.
        public var version: Int
        /// Whether it concerns this deployment.
        public var applicability: Applicability
        /// Its state, if it has one, or why that cannot be read.
        public var state: Result<MigrationState?, MigrationError>
        /// What Outpost itself says of it, if it does, or why that cannot be read.
        public var record: Result<OutpostRecord?, MigrationError>

        /// An entry of its parts.
        public init(
            name: String,
            version: Int,
            applicability: Applicability = .applicable,
            state: Result<MigrationState?, MigrationError>,
            record: Result<OutpostRecord?, MigrationError> = .success(nil)
        ) {
            self.name = name
            self.version = version
            self.applicability = applicability
            self.state = state
            self.record = record
        }
    }

    /// The schema version, or why it cannot be read.
    public var version: Result<Int, MigrationError>
    /// Every migration known, in order.
    public var migrations: [Entry]
    /// The target that takes the place of the configured one, or why the order cannot be read.
    public var pin: Result<Pin?, MigrationError>
    /// The server that answers.
    public var server: ServerIdentity?
    /// What went backwards since this process first looked, if it remembers.
    public var regression: String?
    /// The highest version that the history says was raised to, if it is above the current one.
    public var raisedBefore: Int?
    /// Why nothing may be written on this server, if it is a replica.
    public var replicaRefusal: String?

    /// What was found, part by part.
    public init(
        version: Result<Int, MigrationError>,
        migrations: [Entry],
        pin: Result<Pin?, MigrationError> = .success(nil),
        server: ServerIdentity? = nil,
        regression: String? = nil,
        raisedBefore: Int? = nil
    ) {
        self.version = version
        self.migrations = migrations
        self.pin = pin
        self.server = server
        self.regression = regression
        self.raisedBefore = raisedBefore
    }

    /// The newest version known.
    public var latest: Int { migrations.count }

    /// What can be worked on: everything was read, and nothing contradicts anything else.
    public struct Sound: Sendable {
        /// The schema version.
        public var version: Int
        /// The version that Outpost's own migrators have raised the keyspace to, by their records; the schema version itself
        /// unless that is lower.
        public var raisedByOutpost: Int
        /// The state of each migration that has one, in order.
        public var states: [MigrationState?]
        /// The target that takes the place of the configured one.
        public var pin: Pin?
    }

    /// The same once it is known to be sound.
    ///
    /// Errors: the first row of the table in the documentation's "Reconciler" by which nothing may be touched.
    public func read() throws(Refusal) -> Sound {
        if let replicaRefusal { throw Refusal(.notMaster, replicaRefusal) }
        let version = try Refusal.unlessRead(version)
        if version > latest {
            throw Refusal(
                .newerSchema,
                "The keyspace is at version \(version) and this program knows only \(latest): another host is newer. "
                    + "Upgrade this one; nothing is touched until then."
            )
        }
        var states: [MigrationState?] = []
        for entry in migrations { states.append(try Refusal.unlessRead(entry.state, of: entry.name)) }
        for entry in migrations { _ = try Refusal.unlessRead(entry.record, of: entry.name) }
        let pin = try Refusal.unlessRead(pin)
        if let regression {
            throw Refusal(
                .dataLost,
                "\(regression) Data may be lost: look at the server and its backups. `migrateredis retry` goes on with "
                    + "what is there."
            )
        }
        let found = zip(migrations, states)
        for (entry, state) in found where isOnOlderServer(state) {
            throw Refusal(
                .dataLost,
                "\(entry.name) was verified on another server since, and this is again the one on which its copying began: "
                    + "data may be lost. Look at the servers and their backups. If what is here is right, run `migrateredis "
                    + "-migration \(entry.name) verify`, which compares everything with this server.",
                migration: entry.name
            )
        }
        for (entry, state) in found {
            guard let phase = state?.trustedPhase, entry.isAhead(of: version, in: phase) else { continue }
            throw Refusal(
                .versionRegressed,
                "\(entry.name) is \(phase.rawValue), so the version was \(entry.version) or about to be, and it is "
                    + "\(version) now. Restore the version that belongs to the data.",
                migration: entry.name
            )
        }
        if let raisedBefore, raisedBefore > version {
            throw Refusal(
                .versionRegressed,
                "The history tells that the version was raised to \(raisedBefore), and it is \(version) now. Applications may "
                    + "have used the newer names since, so nothing is copied. Restore the version that belongs to the data "
                    + "(SET the key of the schema version to \(raisedBefore)), or the backup that belongs to this version."
            )
        }
        if let raised = migrations.last(where: \.wasRaisedByUs), raised.version > version {
            throw Refusal(
                .versionRegressed,
                "\(raised.name) was raised by this program, as Outpost's record of it says, and the version is \(version) now. "
                    + "Applications may have used the newer names since, so nothing is copied. Restore the version that "
                    + "belongs to the data, or the backup that belongs to this version.",
                migration: raised.name
            )
        }
        return Sound(version: version, raisedByOutpost: try raisedByOutpost(from: version), states: states, pin: pin)
    }

    /// How far Outpost's own migrators have come behind the current version.
    private func raisedByOutpost(from version: Int) throws(Refusal) -> Int {
        let rest = migrations.drop { $0.version <= version }
        let run = rest.prefix { $0.hasRecord }
        if let beyond = rest.dropFirst(run.count).first(where: \.hasRecord) {
            throw Refusal(
                .foreignRecord,
                "Outpost's record says that \(beyond.name) is done, and none says so of a migration before it: what the keyspace "
                    + "holds is not clear. Nothing was touched. Finish with Outpost's own migrator, or remove the records "
                    + "that are wrong.",
                migration: beyond.name
            )
        }
        return run.last?.version ?? version
    }

    /// Whether a state contradicts the server: a server that takes over again has another replication id.
    private func isOnOlderServer(_ state: MigrationState?) -> Bool {
        guard let server, let state, state.trustedPhase != .cleaned, let began = state.server,
            let verified = state.verification?.server
        else { return false }
        return server == began && server != verified
    }
}

extension Bookkeeping.Entry {
    /// Whether Outpost's migrator or a raise of ours has left a record of it.
    fileprivate var hasRecord: Bool { (try? record.get()) ?? nil != nil }

    /// Whether the record is that of a raise of ours, which is written with it.
    fileprivate var wasRaisedByUs: Bool { ((try? record.get()) ?? nil)?.isForeign == false }

    /// Whether a migration in this phase says that the version was higher.
    fileprivate func isAhead(of version: Int, in phase: Phase) -> Bool {
        guard phase.isVerifiedOrLater else { return false }
        // A migration that was skipped is cleaned before its version is raised.
        let isFinal = applicability == .applicable && (phase == .cleaning || phase == .cleaned)
        return isFinal ? version < self.version : version < self.version - 1
    }
}

extension Bookkeeping {
    /// What a snapshot holds, for a process that remembers nothing.
    public init(_ snapshot: SchemaSnapshot, registry: MigrationRegistry, names: KeyNames) {
        self.init(
            version: snapshot.refusal.map(Result.failure) ?? snapshot.version,
            migrations: registry.migrations.map { migration in
                Entry(
                    name: migration.name,
                    version: migration.version,
                    applicability: migration.applicability(in: names),
                    state: snapshot.states[migration.name].map { $0.map(Optional.some) } ?? .success(nil),
                    record: snapshot.records[migration.name].map { $0.map(Optional.some) } ?? .success(nil)
                )
            },
            pin: snapshot.pin,
            server: snapshot.server.identity,
            raisedBefore: snapshot.raisedBefore
        )
        replicaRefusal = snapshot.server.replicaRefusal
    }
}
