import RedisClient

/// A migration that moves keys to new names: name, version, description and its `KeyMoves` are all it has to say.
public protocol KeyMoveMigration: Migration {
    /// Which keys move, in a deployment.
    func moves(in names: KeyNames) -> any KeyMoves
}

extension KeyMoveMigration {
    /// Those that it moves.
    public func keyMoves(in names: KeyNames) -> (any KeyMoves)? { moves(in: names) }

    /// The walk without writing.
    public func plan(in context: MigrationContext) async throws -> Plan {
        let shape = try await ledgerShape(in: context)
        let walk = try await walk(
            .apply,
            in: context.withoutLease,
            ledger: shape ?? LedgerShape(buckets: 1),
            isLedgerNew: shape == nil,
            total: 0
        )
        let report = try await walk.run()
        var plan = Plan(
            migration: name,
            report: report,
            scope: report.scope,
            ledger: shape ?? Ledger.shape(forPairs: report.scope.total, names: context.names)
        )
        plan.sizesAreKnown = context.features.sizes == .memory
        return plan
    }

    /// About how many old keys there are. The ledger is made for so many; it holds any number.
    public func estimate(in context: MigrationContext) async throws -> Plan {
        let estimate = ScopeEstimate(
            moves: moves(in: context.names),
            concerns: { _, isSource in isSource },
            names: context.names
        )
        guard let scope = try await estimate.read(from: context.keyspace) else { return try await plan(in: context) }
        let shape = try await ledgerShape(in: context)
        return Plan(
            migration: name,
            report: WalkReport(),
            scope: scope,
            ledger: shape ?? Ledger.shape(forPairs: scope.total, names: context.names),
            isEstimate: true
        )
    }

    /// The walk that copies; after the raise, catch-up.
    public func apply(_ plan: Plan, in context: MigrationContext) async throws -> MigrationState {
        guard let lease = context.lease, var state = context.state else {
            preconditionFailure("Apply needs a lease and a state.")
        }
        let known = try await ledgerShape(in: context)
        var shape = known ?? plan.ledger ?? Ledger.shape(forPairs: plan.scope.total, names: context.names)
        if state.ledger == nil || !context.isRaised {
            let servers = try await KeyspaceServers.read(from: context.keyspace)
            // What was planned may have been stored, and by anybody: the work is sized by what is counted here.
            if known == nil { shape = shape.limited(to: servers.info.keys, in: context.names) }
            // A hash that was lost before the raise is made again: what it held is read and noted anew.
            let ledger = Ledger(names: context.names, migration: name, shape: shape)
            try await ledger.create(under: lease, in: context, on: servers)
        }
        if state.ledger == nil {
            state.ledger = shape
            state.server = try await ServerInfo.read(from: context.keyspace).identity
            try await context.save(state)
        }
        var inner = context
        inner.state = state
        let walk = try await walk(
            context.isRaised ? (context.carriesDeletes ? .firstCatchUp : .catchUp) : .apply,
            in: inner,
            ledger: shape,
            isLedgerNew: known == nil,
            total: plan.scope.total
        )
        let report: WalkReport
        if context.isRaised {
            report = try await walk.run()
            try await requireCopies(report, shape, in: context)
        } else {
            do {
                report = try await walk.run(from: state.checkpoint, keeping: CheckpointKeeper(context)) {
                    cursors,
                    progress in
                    state.progress = progress
                    state.checkpoint = Checkpoint(cursors: cursors, processedItems: progress.processedItems)
                    return state
                }
            } catch let error as MigrationError where error.code == .sourcesDisappeared {
                // Only a whole walk knows how many are gone: the next one must not begin behind them.
                state.checkpoint = nil
                try await context.save(state)
                throw error
            }
        }
        state.progress = walk.progress
        state.held = report.held.total > 0 ? report.held : nil
        state.checkpoint = nil
        state.report = report
        return state
    }

    /// The walk that compares everything.
    public func verify(_ state: MigrationState, in context: MigrationContext) async throws -> VerificationResult {
        guard let shape = state.ledger else {
            throw MigrationError(.wrongPhase, "Nothing was applied yet: run apply first.")
        }
        let total = state.scope?.total ?? 0
        let walk = try await walk(context.isRaised ? .verifyAgain : .verify, in: context, ledger: shape, total: total)
        #if SEEDED_BUGS
            let report = SeededBug.isOn(.noVerify) ? WalkReport() : try await walk.run()
        #else
            let report = try await walk.run()
        #endif
        try await requireCopies(report, shape, in: context)
        return VerificationResult(
            report: report,
            problems: report.problems(isRaised: context.isRaised, acceptedInUse: context.acceptedInUse),
            hasConflicts: report.needsPerson(isRaised: context.isRaised, acceptedInUse: context.acceptedInUse),
            removable: report.sourcesByKind.values.reduce(0, +)
        )
    }

    /// The walk that removes what is proven safe to remove; then the ledger, if nothing was kept.
    public func cleanup(_ state: MigrationState, in context: MigrationContext) async throws -> CleanupResult {
        guard let lease = context.lease, let shape = state.ledger else {
            throw MigrationError(.wrongPhase, "Nothing was applied yet: there is nothing to clean up.")
        }
        let walk = try await walk(.cleanup, in: context, ledger: shape, total: state.scope?.total ?? 0)
        guard state.verification?.server == walk.identity else {
            throw MigrationError(
                .serverChanged,
                "The server is not the one that was verified: it restarted or failed over since. Verify again first."
            )
        }
        try await ReplicaAcknowledgement.allHaveAll(on: KeyspaceServers.read(from: context.keyspace))
        let report = try await walk.run()
        var held = report.held
        // After a valid verify an ambiguous name is no old key that anybody waits for; it is left alone.
        held = held.without(reason: HeldKey.ambiguousReason)
        if held.total == 0 {
            try await Ledger(names: context.names, migration: name, shape: shape)
                .remove(under: lease, in: context)
        }
        return CleanupResult(report: report, removed: report.written, held: held)
    }

    /// The walk that removes the copies that are still as they were made; then the ledger.
    public func rollback(_ state: MigrationState, in context: MigrationContext) async throws -> WalkReport {
        guard let lease = context.lease, let shape = state.ledger else { return WalkReport() }
        let report = try await walk(.rollback, in: context, ledger: shape, total: state.scope?.total ?? 0).run()
        try await Ledger(names: context.names, migration: name, shape: shape)
            .remove(under: lease, in: context)
        return report
    }

    /// Compares so many pairs, chosen by chance; writes nothing.
    public func sample(_ count: Int, _ state: MigrationState, in context: MigrationContext) async throws -> WalkReport {
        guard let shape = state.ledger else {
            throw MigrationError(.wrongPhase, "Nothing was applied yet: run apply first.")
        }
        let work = try KeyMoveWork(
            moves: moves(in: context.names),
            column: context.isRaised ? .verifyAgain : .verify,
            context: context.withoutLease,
            ledger: Ledger(names: context.names, migration: name, shape: shape),
            total: state.scope?.total ?? 0
        )
        let sampler = Sampler(work, count: count)
        let walk = try await KeyspaceWalk(
            sampler,
            prefix: moves(in: context.names).prefix,
            context: context.withoutLease
        )
        try await walk.run(from: nil) { _, _ in }
        try await sampler.compare(on: context.keyspace, walk.server.identity)
        return work.report
    }

    /// A ledger that lists copies, and a keyspace that has not one of them nor of their old keys: that is a loss, whatever
    /// the states say.
    ///
    /// Errors: `dataLost`.
    private func requireCopies(_ report: WalkReport, _ shape: LedgerShape, in context: MigrationContext) async throws {
        // What could not be looked at is there, and may be what the ledger lists.
        guard report.noted == 0, !report.hasUntouched else { return }
        let time = try await context.keyspace.connection(for: context.names.lock).send("TIME")
        let lost = try await Ledger(names: context.names, migration: name, shape: shape)
            .lasting(at: ServerTime.read(time).milliseconds, most: 1000, in: context)
        guard lost > 0 else { return }
        throw MigrationError(
            .dataLost,
            "The ledger of \(name) lists copies (\(lost < 1000 ? "\(lost)" : "1000 or more")), and the keyspace holds not one "
                + "of them nor of their old keys: they were removed by something else. Look at the data and its backups. If "
                + "that was meant, remove the ledger's keys (\(KeyText.escaped(context.names.ledger(of: name, bucket: 0))) "
                + "and those like it)."
        )
    }

    private func walk(
        _ column: Column,
        in context: MigrationContext,
        ledger: LedgerShape,
        isLedgerNew: Bool = false,
        total: Int
    ) async throws -> KeyMoveWalk {
        try await KeyMoveWalk(
            moves: moves(in: context.names),
            migration: name,
            column: column,
            context: context,
            ledger: ledger,
            isLedgerNew: isLedgerNew,
            total: total
        )
    }

    /// The ledger's shape by the state, or by the first hash's own header where the state is gone.
    private func ledgerShape(in context: MigrationContext) async throws -> LedgerShape? {
        if let shape = context.state?.ledger { return shape }
        let key = Ledger(names: context.names, migration: name, shape: LedgerShape(buckets: 1)).firstKey
        let header: Reply
        do {
            header = try await context.keyspace.send("HGET", key, Ledger.headerField)
        } catch let error as RedisError where error.code == .replyTooLarge {
            throw MigrationError.unreadable(key, "has a header far longer than that of a ledger")
        }
        guard let shape = header.bytes.flatMap(Ledger.shape) else { return nil }
        let keys = try await ServerInfo.read(from: context.keyspace).keys
        guard shape.fits(among: keys, in: context.names) else {
            throw MigrationError.unreadable(key, shape.excess(over: keys))
        }
        return shape
    }
}

extension MigrationContext {
    var withoutLease: MigrationContext {
        var copy = self
        copy.lease = nil
        return copy
    }
}
