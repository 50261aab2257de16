import RedisClient

/// Where a migration stands, and what its phases are given for it.
extension PhaseRunner {
    struct Position {
        var version: Int
        var state: MigrationState?
        var isRaised: Bool
        var acceptedInUse = 0
        var laterRewrites: [any FieldRewrites] = []
        var earlierLedgers: [Ledger] = []
        var features = ServerFeatures()
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
        var position = Position(version: version, state: state, isRaised: version >= migration.version)
        if let state, let approval = snapshot.approvals[migration.name], approval.covers(.verify, of: state) {
            position.acceptedInUse = approval.count ?? 0
        }
        position.features = try await ServerFeatures.read(from: keyspace, names: store.names)
        for other in registry.migrations {
            let standing = try snapshot.state(of: other.name)
            if other.version > migration.version, let rewriting = other as? any FieldRewriteMigration,
                version >= other.version || standing?.trustedPhase != nil && standing?.trustedPhase != .planned
            {
                position.laterRewrites.append(rewriting.rewrites(in: store.names))
            }
            if other.version < migration.version, let shape = standing?.ledger {
                position.earlierLedgers.append(Ledger(names: store.names, migration: other.name, shape: shape))
            }
        }
        return position
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
        context.liveLimits = limits
        if let patience { context.patience = patience }
        context.acceptedInUse = position.acceptedInUse
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

    func save(_ state: MigrationState, previous: Phase?, under lease: Lease) async throws {
        try await store.save(state, previous: previous, under: lease, on: keyspace)
    }

    func serverTime() async throws -> Timestamp {
        try ServerTime.read(try await keyspace.connection(for: store.names.lock).send("TIME"))
    }
}
