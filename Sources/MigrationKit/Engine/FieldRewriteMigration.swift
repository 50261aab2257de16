import RedisClient

/// A migration that rewrites fields of hashes in place: name, version, description and its `FieldRewrites` are all it has
/// to say.
public protocol FieldRewriteMigration: Migration {
    /// What is rewritten, in a deployment.
    func rewrites(in names: KeyNames) -> any FieldRewrites
}

extension FieldRewriteMigration {
    /// Those of its rewrites.
    public func keyMoves(in names: KeyNames) -> (any KeyMoves)? { rewrites(in: names).moves }

    /// The walk without writing.
    public func plan(in context: MigrationContext) async throws -> Plan {
        let (report, _) = try await walk(in: context.withoutLease, total: 0)
        return Plan(migration: name, report: report, scope: report.scope, ledger: nil)
    }

    /// About how many hashes of its kinds there are.
    public func estimate(in context: MigrationContext) async throws -> Plan {
        let rewrites = rewrites(in: context.names)
        let estimate = ScopeEstimate(
            moves: rewrites.moves,
            concerns: rewrites.concerns(_:isSource:),
            names: context.names
        )
        guard let scope = try await estimate.read(from: context.keyspace) else { return try await plan(in: context) }
        return Plan(migration: name, report: WalkReport(), scope: scope, ledger: nil, isEstimate: true)
    }

    /// The walk that rewrites; what is converted already is left alone, so catch-up is the same.
    public func apply(_ plan: Plan, in context: MigrationContext) async throws -> MigrationState {
        guard var state = context.state else { preconditionFailure("Apply needs a state.") }
        let (report, progress) = try await walk(in: context, total: plan.scope.total) { cursors, progress in
            guard !context.isRaised else { return nil }
            state.progress = progress
            state.checkpoint = Checkpoint(cursors: cursors, processedItems: progress.processedItems)
            return state
        }
        state.progress = progress
        state.held = report.held.total > 0 ? report.held : nil
        state.checkpoint = nil
        state.report = report
        return state
    }

    /// The walk once more; hashes that were changed under its eyes are rewritten then and there.
    public func verify(_ state: MigrationState, in context: MigrationContext) async throws -> VerificationResult {
        var fromStart = context
        fromStart.state?.checkpoint = nil
        let (report, _) = try await walk(in: fromStart, comparesMostly: true, total: state.scope?.total ?? 0)
        return VerificationResult(
            report: report,
            problems: report.problems(isRaised: context.isRaised),
            hasConflicts: report.impossible > 0 || report.ambiguous > 0 || report.hasUntouched,
            removable: 0
        )
    }

    /// Nothing: there are no old keys.
    public func cleanup(_ state: MigrationState, in context: MigrationContext) async throws -> CleanupResult {
        CleanupResult(report: WalkReport(), removed: 0, held: HeldKeys())
    }

    private func walk(
        in context: MigrationContext,
        comparesMostly: Bool = false,
        total: Int,
        checkpoint: ([String: String], Progress) -> MigrationState? = { _, _ in nil }
    ) async throws -> (WalkReport, Progress) {
        let rewrites = rewrites(in: context.names)
        let work = try FieldRewriteWork(
            rewrites: rewrites,
            context: context,
            comparesMostly: comparesMostly || context.isRaised,
            total: total
        )
        let walk = try await KeyspaceWalk(work, prefix: rewrites.moves.prefix, context: context)
        let start = context.isRaised || context.lease == nil ? nil : context.state?.checkpoint
        try await CheckpointKeeper(context).run(walk, from: start, state: checkpoint)
        return (work.report, work.progress)
    }
}
