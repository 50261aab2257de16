import RedisClient

extension KeyMoveMigration {
    /// Walks without writing, and tells `context.held` of every key that a person has to look at.
    func listHeld(_ state: MigrationState?, in context: MigrationContext) async throws -> WalkReport {
        guard let state, let shape = state.ledger else { return try await plan(in: context.withoutLease).report }
        let column: Column
        switch (context.isRaised, state.trustedPhase) {
        case (false, _): column = .verify
        case (true, .cleaning): column = .cleanup
        case (true, .failed): column = .verifyAgain
        case (true, _): column = .catchUp
        }
        var context = context.withoutLease
        // After a valid verify an ambiguous name is no old key that anybody waits for.
        let isSettled = context.isRaised && (state.trustedPhase == .verified || state.trustedPhase == .cleaning)
        if isSettled, let tell = context.held {
            context.held = { keys in try await tell(keys.filter { $0.reason != HeldKey.ambiguousReason }) }
        }
        var report = try await KeyMoveWalk(
            moves: moves(in: context.names),
            migration: name,
            column: column,
            context: context,
            ledger: shape,
            total: state.scope?.total ?? 0
        ).run()
        if isSettled { report.held = report.held.without(reason: HeldKey.ambiguousReason) }
        return report
    }

    /// Settles pairs as a person says: those of these keys, each in a transaction of its own; or without keys all that
    /// are held.
    ///
    /// What was written is counted in the report; what a choice of sides does not settle is held there.
    func resolve(
        _ keys: [Bytes]?,
        _ state: MigrationState,
        in context: MigrationContext
    ) async throws -> WalkReport {
        guard let shape = state.ledger else {
            throw MigrationError(.wrongPhase, "Nothing was applied yet: there is nothing to settle. Run apply first.")
        }
        let column = context.isRaised ? Column.verifyAgain : .verify
        let moves = moves(in: context.names)
        let total = state.scope?.total ?? 0
        guard let keys else {
            return try await KeyMoveWalk(
                moves: moves,
                migration: name,
                column: column,
                context: context,
                ledger: shape,
                total: total
            ).run()
        }
        let ledger = Ledger(names: context.names, migration: name, shape: shape)
        let work = try KeyMoveWork(moves: moves, column: column, context: context, ledger: ledger, total: total)
        let server = try await ServerInfo.read(from: context.keyspace).identity
        let isolation = FaultIsolation(
            work: work,
            keyspace: context.keyspace,
            server: server,
            writing: context.names
        )
        for key in keys {
            for pair in try await work.pairs(of: [key]) { try await settle(pair, work, isolation) }
            try await work.tellOfHeldKeys()
        }
        return work.report
    }

    private func settle(
        _ pair: Pair,
        _ work: KeyMoveWork,
        _ isolation: FaultIsolation<KeyMoveWork>
    ) async throws {
        for _ in 0..<20 where try await isolation.attempt([pair]).isEmpty { return }
        work.giveUp(pair)
    }
}
