import RedisClient

/// Stores a walk's checkpoint about once a second, and once more when the walk is asked to stop.
struct CheckpointKeeper {
    private let context: MigrationContext

    init(_ context: MigrationContext) {
        self.context = context
    }

    private static var interval: Duration { .seconds(1) }

    /// Walks; `state` makes the state to store after a page, or nil where this walk keeps no checkpoint.
    func run<Work: WalkWork>(
        _ walk: KeyspaceWalk<Work>,
        from checkpoint: Checkpoint?,
        state: (_ cursors: [String: String], _ progress: Progress) -> MigrationState?
    ) async throws {
        var saved = ContinuousClock.now
        var latest: MigrationState?
        do {
            try await walk.run(from: checkpoint) { cursors, progress in
                latest = state(cursors, progress)
                walk.checkpointed = latest
                guard let latest, saved.duration(to: .now) > Self.interval else { return }
                saved = .now
                try await context.save(latest)
            }
        } catch let error as MigrationError where error.code == .interrupted {
            if var latest {
                latest.progress.strain = nil
                try await context.save(latest)
            }
            throw latest == nil && checkpoint == nil ? error : .goesOn
        }
    }
}
