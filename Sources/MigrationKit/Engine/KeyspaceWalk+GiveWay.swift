import RedisClient

/// Making room for a strained server.
extension KeyspaceWalk {
    /// How far the walk is, with what holds it back.
    var progress: Progress {
        var progress = work.progress
        progress.strain = brake.strain
        return progress
    }

    /// Rests, or waits until the servers are better, and says for how long; at once back where they are well, or where the
    /// walk only reads.
    ///
    /// Errors: `serverStrained` where a stop lasts too long; `interrupted`, and all of the lease's, meanwhile.
    func giveWay() async throws -> Duration {
        guard context.lease != nil else { return .zero }
        defer { brake.goesOn() }
        let before = brake.strain
        let began = ContinuousClock.now
        try await lookAtServers()
        if brake.strain != before { try await tellStrain() }
        switch brake.strain?.degree {
        case nil: return .zero
        case .slowed: try await Task.sleep(for: brake.rest)
        case .stopped: try await waitUntilBetter()
        }
        return began.duration(to: .now)
    }

    /// Others use the connections too, and one may have been lost over a batch since the last look.
    private func lookAtServers() async throws {
        do {
            try await brake.look(needed: work.bytesToAdd)
        } catch let error as RedisError where error.code == .disconnected {
            guard try await isolation.isThere() else { throw error }
            brake.ask(try await context.keyspace.masters())
            try await brake.look(needed: work.bytesToAdd)
        }
    }

    private func waitUntilBetter() async throws {
        let began = ContinuousClock.now
        while brake.strain?.degree == .stopped {
            guard began.duration(to: .now) < context.patience else {
                let failure = brake.failure(after: began.duration(to: .now))
                try await store { state in
                    state.progress.strain = nil
                    state.errors = [failure.message]
                }
                throw failure
            }
            let next = ContinuousClock.now + WalkBrake.interval
            while .now < next {
                try stopIfAsked()
                try await Task.sleep(for: .milliseconds(50))
            }
            try await lookAtServers()
            try await tellStrain()
        }
    }

    /// Tells whoever follows, and stores it once it is another than before: `status` reads it there.
    private func tellStrain() async throws {
        context.progress(progress)
        guard brake.strain != storedStrain else { return }
        storedStrain = brake.strain
        // What else the stored progress says is that of the last checkpoint, or of another walk.
        let strain = brake.strain
        try await store { $0.progress.strain = strain }
    }

    /// Stores the state of the last checkpoint, changed.
    ///
    /// A server whose memory is used up refuses that as well: then it is not stored, and the walk waits all the same.
    private func store(_ change: (inout MigrationState) -> Void) async throws {
        guard var state = checkpointed ?? context.state else { return }
        change(&state)
        do {
            try await context.save(state)
        } catch let error as RedisError where error.outcome == .notExecuted && error.serverCode == "OOM" {
            return
        }
    }
}
