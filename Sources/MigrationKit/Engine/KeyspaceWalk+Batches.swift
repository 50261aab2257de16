import RedisClient
import Synchronization

/// The batches of a walk: side by side where that is possible, and else one after the other.
extension KeyspaceWalk {
    private static var longestStream: Duration { .milliseconds(100) }

    /// How far the work was before the page that is handled: what of that is done already is done again from there.
    private var progressBeforePage: Progress {
        var progress = progress
        progress.processedItems = max(0, progress.processedItems - (countInPage - items.count))
        return progress
    }

    /// Handles what is there of a page, and of those that are ready meanwhile.
    func handle(_ pages: PagesAhead<Work.Lister>? = nil, _ pageEnd: PageEnd = { _, _ in }) async throws {
        // Only whole pages follow one another: what was handled is known by its last page.
        var isWhole = true
        while !items.isEmpty {
            try stopIfAsked()
            pace.obey(context.limits)
            var hasStreamed = false
            // In a cluster a batch is many transactions as it is.
            if !pace.isCapped, !context.keyspace.isCluster {
                hasStreamed = try await stream(isWhole ? pages : nil)
                if let cursors = passed, deferred.isEmpty, !items.isEmpty {
                    try await work.tellOfHeldKeys()
                    try await pageEnd(cursors, progressBeforePage)
                }
                passed = nil
            }
            isWhole = false
            if !hasStreamed, !items.isEmpty {
                let batch = nextBatch()
                let began = ContinuousClock.now
                try await halving(batch)
                if context.keyspace.isCluster {
                    pace.noteSpreadBatch(of: batch.count)
                } else {
                    pace.noteBatch(of: batch.count, took: began.duration(to: .now), roundTrips: 2)
                }
            }
            let pause = pace.pause()
            if pause > .zero { try await Task.sleep(for: pause) }
            pace.postpone(by: try await giveWay())
            tellProgress()
        }
    }

    /// In a cluster a batch is spread over many transactions.
    private var batchSize: Int { context.keyspace.isCluster ? pace.size : min(pace.size, work.largestBatch) }

    private func nextBatch() -> [Work.Item] {
        let batch = items.prefix(batchSize).prefix(BatchPace.mostBytes, by: work.weight)
        items = items.dropFirst(batch.count)
        return Array(batch)
    }

    /// Handles batches side by side, as many as need one look each; ends early enough for whoever asks to stop. Goes on with
    /// the pages that are ready, and returns whether there was anything to handle so.
    private func stream(_ pages: PagesAhead<Work.Lister>?) async throws -> Bool {
        let end = ContinuousClock.now + Self.longestStream
        let stream = BatchStream<Work.Item>(
            connections: try await connections(),
            fence: context.lease.map(context.fence)
        )
        var hasStreamed = false
        let isOver = Mutex(false)
        let result = try await stream.run { [self] in
            guard !context.shouldStop(), .now < end + Self.longestStream else { return nil }
            while items.isEmpty {
                guard .now < end, let next = pages?.takeReady() else { return nil }
                passed = page?.cursors
                page = next
                items = work.take(next.listing)[...]
                countInPage = items.count
            }
            let before = items
            guard let look = work.look(at: nextBatch()) else {
                items = before
                isOver.withLock { $0 = true }
                return nil
            }
            hasStreamed = true
            return look
        } waitForMore: { [context] in
            !isOver.withLock { $0 } && !context.shouldStop() && pages?.waitForMore(until: end) == true
        } answered: { [self] took in
            pace.noteRequest(took: took)
        }
        lastStreamed = .now
        if let error = result.error {
            guard try await isolation.isThere(after: error) else { throw error }
            for batch in result.lost { try await halving(batch) }
        }
        for batch in result.changed {
            let half = batch.count / 2
            for part in [batch[..<half], batch[half...]] where !part.isEmpty { try await halving(Array(part)) }
        }
        var unsettled = work.takeUnsettled()[...]
        while !unsettled.isEmpty {
            let batch = unsettled.prefix(batchSize).prefix(BatchPace.mostBytes, by: work.weight)
            unsettled = unsettled.dropFirst(batch.count)
            try await halving(Array(batch))
        }
        return hasStreamed
    }

    /// The connections for batches; the further ones, which may have rested and been closed by the server, are tried before.
    private func connections() async throws -> [RedisConnection] {
        let first = try await context.keyspace.connection(for: [])
        if lastStreamed.duration(to: .now) > .milliseconds(500) {
            for (index, connection) in further.enumerated().reversed() where (try? await connection.send("PING")) == nil
            {
                await connection.close()
                further.remove(at: index)
            }
        }
        return [first] + further
    }

    /// What lost a race is halved, down to single items; those wait until the end of the walk.
    private func halving(_ batch: [Work.Item]) async throws {
        let undone = try await isolation.attempt(batch)
        if undone.count == 1 {
            deferred += undone
        } else if undone.count > 1 {
            let half = undone.count / 2
            try await halving(Array(undone[..<half]))
            try await halving(Array(undone[half...]))
        }
    }
}
