import RedisClient

/// Where a migration stands, and what its phases are given for it.
extension PhaseRunner {
    struct Position {
        /// The schema version, or the higher one to which Outpost's own migrators have raised the keyspace.
        var version: Int
        /// The schema version as it is stored.
        var storedVersion: Int
        var state: MigrationState?
        var isRaised: Bool
        var acceptedInUse = 0
        var laterRewrites: [any FieldRewrites] = []
        var earlierLedgers: [Ledger] = []
        /// The target that a person has pinned, if it can be read.
        var pin: Pin?
        var features = ServerFeatures()
        /// Why nothing may be written, if that is so.
        var refusal: Refusal?
        /// Whether Outpost's own migrator says that it has applied the migration.
        var hasForeignRecord = false
        /// How many migrations Outpost's own migrators or we have recorded as done.
        var recorded = 0

        /// Whether others had copied the keys and raised the version before we came, or before we had verified anything.
        var wasRaisedElsewhere: Bool {
            if let known = state?.wasRaisedElsewhere { return known }
            return isRaised && hasForeignRecord && state?.verification == nil
        }
        /// The migrations whose record is missing, so that Outpost would not start.
        var unrecorded: [any Migration] = []

        /// Notes in a state who raised the version: where it was not a verify of ours, nobody has carried over what
        /// applications deleted since.
        func noteRaise(in state: inout MigrationState) {
            let isRaisedByOthers = isRaised && self.state?.verification == nil
            if isRaisedByOthers || self.state?.hasForeignCopies == true { state.deletesAreUnseen = true }
            if wasRaisedElsewhere {
                state.wasRaisedElsewhere = true
            } else if !isRaised {
                state.wasRaisedElsewhere = nil
            }
        }
    }

    /// Where a migration stands.
    ///
    /// Errors: `unreadable`, `unsupported`: nothing is done on a keyspace that is not understood.
    func position(of migration: any Migration) async throws -> Position {
        let names = registry.migrations.map(\.name)
        let snapshot = try await store.snapshot(
            of: names.contains(migration.name) ? names : names + [migration.name],
            on: keyspace
        )
        if let refusal = snapshot.refusal { throw refusal }
        let version = try snapshot.version.get()
        let state = try snapshot.state(of: migration.name)
        var position = Position(
            version: version,
            storedVersion: version,
            state: state,
            isRaised: version >= migration.version
        )
        do {
            let sound = try Bookkeeping(snapshot, registry: registry, names: store.names).read()
            position.version = sound.raisedByOutpost
            position.isRaised = sound.raisedByOutpost >= migration.version
        } catch {
            position.refusal = error
        }
        position.pin = (try? snapshot.pin.get()) ?? nil
        position.hasForeignRecord = (try? snapshot.records[migration.name]?.get())?.isForeign == true
        if let state, let approval = snapshot.approvals[migration.name], approval.covers(.verify, of: state) {
            position.acceptedInUse = approval.count ?? 0
        }
        position.features = try await ServerFeatures.read(from: keyspace, names: store.names)
        position.recorded = registry.migrations.count { snapshot.records[$0.name] != nil }
        position.unrecorded = registry.migrations.filter(snapshot.lacksRecord)
        for other in registry.migrations {
            let standing = try snapshot.state(of: other.name)
            if other.version > migration.version, let rewriting = other as? any FieldRewriteMigration,
                position.version >= other.version || standing?.trustedPhase != nil && standing?.trustedPhase != .planned
            {
                position.laterRewrites.append(rewriting.rewrites(in: store.names))
            }
            if other.version < migration.version, let shape = standing?.ledger {
                position.earlierLedgers.append(Ledger(names: store.names, migration: other.name, shape: shape))
            }
        }
        return position
    }

    /// Raises the version past a migration, with Outpost's record of it; false if the version is something else by now.
    func raise(past migration: any Migration, under lease: Lease) async throws -> Bool {
        try await store.raiseVersion(
            to: migration.version,
            by: migration.name,
            recording: OutpostRecord(of: migration, in: store.names),
            under: lease,
            on: keyspace
        )
    }

    /// Writes the records that are missing; returns of how many migrations.
    @discardableResult
    func keepRecords(at position: inout Position, under lease: Lease) async throws -> Int {
        var count = 0
        for migration in position.unrecorded {
            let record = OutpostRecord(of: migration, in: store.names)
            if try await store.keepRecord(record, of: migration.name, under: lease, on: keyspace) { count += 1 }
        }
        // Those that somebody else wrote meanwhile are there as well.
        position.recorded += position.unrecorded.count
        position.unrecorded = []
        return count
    }

    /// The same before a phase that writes.
    ///
    /// Errors: besides those of `position`, the refusal by which nothing may be touched. The verify of a migration may go on
    /// where it is the way out.
    func position(toChange migration: any Migration, byVerifying: Bool = false) async throws -> Position {
        let position = try await position(of: migration)
        guard let refusal = position.refusal else { return position }
        guard byVerifying, refusal.isSettled(byVerifying: migration.name) else { throw refusal.failure }
        return position
    }

    /// Throws where a phase does not follow from where the migration stands.
    func require(_ phase: PhaseRequest, of migration: any Migration, at position: Position) throws {
        let standing = PhaseRequest.Standing(version: position.version, state: position.state, pin: position.pin)
        if let refusal = phase.refusal(of: migration, standing) { throw refusal }
    }

    /// Takes over the version to which Outpost's own migrators have raised the keyspace, if it is higher than the one that is
    /// stored; returns where the migration stands then.
    func adopting(_ position: Position, of migration: any Migration, under lease: Lease) async throws -> Position {
        guard position.version > position.storedVersion else { return position }
        let isDone = try await store.adoptVersion(
            from: position.storedVersion,
            to: position.version,
            by: migration.name,
            under: lease,
            on: keyspace
        )
        guard isDone else {
            throw MigrationError(.wrongPhase, "The schema version changed meanwhile; nothing was done.")
        }
        return try await self.position(toChange: migration)
    }

    /// The same as a step of its own; returns the version, or nil if there is nothing to take over.
    public func adoptVersion(for migration: any Migration, under lease: Lease) async throws -> Int? {
        let position = try await position(toChange: migration)
        guard position.version > position.storedVersion else { return nil }
        return try await adopting(position, of: migration, under: lease).version
    }

    func context(for migration: any Migration, at position: Position, lease: Lease?) -> MigrationContext {
        let store = store
        let keyspace = keyspace
        var context = MigrationContext(
            names: store.names,
            keyspace: keyspace,
            lease: lease,
            state: position.state,
            isRaised: position.isRaised,
            limits: limits.current,
            progress: progress,
            save: { state in
                guard let lease else { return }
                try await store.save(state, previous: state.phase, under: lease, on: keyspace)
            },
            shouldStop: shouldStop
        )
        context.versionGuard = VersionGuard(
            names: store.names,
            migrations: registry.migrations.map(\.name),
            found: position.storedVersion,
            recorded: position.recorded
        )
        context.liveLimits = limits
        if let patience { context.patience = patience }
        context.acceptedInUse = position.acceptedInUse
        context.wasRaisedElsewhere = position.wasRaisedElsewhere && position.state?.verification == nil
        context.laterRewrites = position.laterRewrites
        context.earlierLedgers = position.earlierLedgers
        context.features = position.features
        return context
    }

    /// What was planned holds while the phase it was planned for has not ended.
    func plan(for migration: any Migration, given: Plan?, at position: Position) async throws -> Plan {
        if let given { return given }
        if let state = position.state, state.format != nil, let scope = state.scope {
            return Plan(migration: migration.name, report: WalkReport(), scope: scope, ledger: state.ledger)
        }
        return try await migration.plan(in: context(for: migration, at: position, lease: nil))
    }

    func finishApply(
        _ state: inout MigrationState,
        isRaised: Bool,
        previous: Phase,
        under lease: Lease
    ) async throws {
        if isRaised {
            let time = try await serverTime()
            state.followedAt = time
            // A soak that begins in the future was dated by a clock that was set back since.
            if (state.report?.written ?? 0) > 0 || (state.verification?.soakFrom ?? time) > time {
                state.verification?.soakFrom = time
            }
            if let report = state.report {
                state.verification?.removable = report.sourcesByKind.values.reduce(0, +)
            }
            if !state.phase.isVerifiedOrLater { state.phase = .applied }
        } else {
            state.phase = .applied
            state.completedAt = Timestamp.now.rfc3339
        }
        try await save(state, previous: previous, under: lease)
    }

    func save(_ state: MigrationState, previous: Phase?, detail: String? = nil, under lease: Lease) async throws {
        try await store.save(
            state,
            previous: previous,
            approval: approval,
            detail: detail,
            under: lease,
            on: keyspace
        )
    }

    /// Writes the records that are missing, and nothing else: where nothing else is due any more.
    public func keepRecords(under lease: Lease) async throws -> Int {
        guard let last = registry.migrations.last else { return 0 }
        var position = try await position(toChange: last)
        return try await keepRecords(at: &position, under: lease)
    }

    func serverTime() async throws -> Timestamp {
        try ServerTime.read(try await keyspace.connection(for: store.names.lock).send("TIME"))
    }
}
