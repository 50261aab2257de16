import RedisClient

/// The walk of a migration that moves keys: each pair is read, classed, and handled as the walk's column says.
///
/// Plan, apply, verify, catch-up and cleanup are this walk with another column. Used once, by one task.
final class KeyMoveWalk {
    /// The walk itself, for whoever keeps its checkpoints.
    let walk: KeyspaceWalk<KeyMoveWork>
    private let work: KeyMoveWork

    /// A walk in one column; `total` is the plan's count, for progress and for what is few.
    init(
        moves: any KeyMoves,
        migration: String,
        column: Column,
        context: MigrationContext,
        ledger shape: LedgerShape,
        isLedgerNew: Bool = false,
        total: Int
    ) async throws {
        work = try KeyMoveWork(
            moves: moves,
            column: column,
            context: context,
            ledger: Ledger(names: context.names, migration: migration, shape: shape),
            isLedgerNew: isLedgerNew,
            total: total
        )
        // A plan tells of unrelated keys too.
        let looksAtAll = column == .apply && context.lease == nil
        walk = try await KeyspaceWalk(work, prefix: looksAtAll ? nil : moves.prefix, context: context)
        work.server = walk.server.identity
    }

    /// The identity of the server that is walked over.
    var identity: ServerIdentity { walk.server.identity }
    /// How far the walk is.
    var progress: Progress { work.progress }

    /// Walks from the start.
    func run() async throws -> WalkReport {
        try await walk.run(from: nil) { _, _ in }
        return work.report
    }

    /// Walks from a checkpoint, or from the start, and stores checkpoints on the way.
    func run(
        from checkpoint: Checkpoint?,
        keeping keeper: CheckpointKeeper,
        state: (_ cursors: [String: String], _ progress: Progress) -> MigrationState?
    ) async throws -> WalkReport {
        try await keeper.run(walk, from: checkpoint, state: state)
        return work.report
    }
}
