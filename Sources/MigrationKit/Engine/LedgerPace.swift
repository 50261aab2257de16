import RedisClient

/// What stands between two transactions on a ledger's hashes: the lease, the order to stop, the cap on the rate, and room for
/// a strained server. A ledger of millions of hashes takes minutes. Used once, by one task.
final class LedgerPace {
    private let context: MigrationContext
    private let brake: WalkBrake
    private var lastTold = ContinuousClock.now

    /// How long it sleeps without asking whether to stop.
    private static let nap = Duration.milliseconds(50)
    private static let second = Duration.seconds(1)
    /// How many hashes count as one key where the rate is capped: a cluster has one in each of its 16,384 slots, however few
    /// keys there are, and each is a header and no more.
    private static let hashesPerKey = 200

    /// A pace for these servers.
    init(_ context: MigrationContext, on servers: KeyspaceServers) {
        self.context = context
        brake = WalkBrake(servers)
    }

    /// Returns when work may go on after so many hashes; `needed` is how many bytes it will still add, nil for none.
    ///
    /// Errors: `interrupted`, `serverStrained`, and all of the lease's.
    func rest(after hashes: Int, needed: Int?) async throws {
        defer { brake.goesOn() }
        try stopIfAsked()
        if lastTold.duration(to: .now) >= Self.second { tell() }
        let rate = context.limits.keysPerSecond
        if rate > 0 { try await sleep(for: .milliseconds(hashes * 1000 / Self.hashesPerKey / rate)) }
        let before = brake.strain
        try await brake.look(needed: needed)
        if brake.strain != before { tell() }
        switch brake.strain?.degree {
        case nil: break
        case .slowed: try await Task.sleep(for: brake.rest)
        case .stopped: try await waitUntilBetter(needed: needed)
        }
    }

    private func waitUntilBetter(needed: Int?) async throws {
        let began = ContinuousClock.now
        while brake.strain?.degree == .stopped {
            let waited = began.duration(to: .now)
            guard waited < context.patience else { throw brake.failure(after: waited) }
            try await sleep(for: WalkBrake.interval)
            try await brake.look(needed: needed)
            tell()
        }
    }

    /// Tells whoever follows, with what holds the work back.
    private func tell() {
        lastTold = .now
        var progress = context.state?.progress ?? Progress()
        progress.strain = brake.strain
        context.progress(progress)
    }

    private func sleep(for time: Duration) async throws {
        let end = ContinuousClock.now + time
        while .now < end {
            try await Task.sleep(for: min(Self.nap, ContinuousClock.now.duration(to: end)))
            try stopIfAsked()
        }
    }

    private func stopIfAsked() throws {
        try context.lease?.check()
        if context.shouldStop() {
            throw MigrationError.startsOver
        }
    }
}
