import RedisClient

/// Reads large hashes in slices, so that the server serves others meanwhile.
///
/// The keys are watched from before the first slice on, on the connection of the transaction that follows; so that it
/// commits proves that all slices belong together. What changes meanwhile is read in one piece at the next try: one that
/// is always written to would never be read otherwise. Used by one walk.
/// Source: https://redis.io/docs/latest/commands/scan/
final class SliceReader {
    private let context: MigrationContext
    private let digester: Digester
    private var tried = Set<Bytes>()
    private var isRefused = false
    private var isWatching = false

    /// Pairs that take less, by the server's estimate, are not asked for the number of their fields.
    private static let leastBytes = 1 << 18
    /// Hashes of fewer fields are read in one piece: that takes the server about a millisecond.
    private static let leastFields = 4000
    /// A slice that takes the server a quarter of a millisecond, at most.
    private static let leastSlice = 500
    private static let largestSlice = 4000
    /// What one slice may bring.
    private static let mostBytes = 16 << 20
    /// Fields that a hash may have had before: its table becomes smaller only when the server gets to it.
    private static let slack = 100_000

    init(_ context: MigrationContext, digester: Digester) {
        self.context = context
        self.digester = digester
    }

    /// The same batch, with the digests of the hashes in it that are large.
    ///
    /// Not in a cluster, where each side is read on its own, and not where later migrations rewrite a copy, which takes
    /// its fields.
    func read(_ batch: [Pair], fieldsMayEnd: Bool) async throws -> [Pair] {
        isWatching = false
        // What was read for an earlier try says nothing of now.
        let batch = batch.map(\.inOnePiece)
        guard !fieldsMayEnd, wants(batch) else { return batch }
        let connection = try await context.keyspace.connection(for: batch[0].move.source)
        do {
            return try await read(batch, on: connection)
        } catch let error as RedisError where error.outcome == .unknown {
            throw error
        } catch {
            _ = try? await connection.send("UNWATCH")
            guard let error = error as? RedisError, error.isPermission else { throw error }
            // A user of an older rule: then it is read as it was before.
            isRefused = true
            isWatching = false
            return batch
        }
    }

    /// Whether there may be hashes in a batch that are to be read in slices.
    func wants(_ batch: [Pair]) -> Bool {
        !isRefused && !context.keyspace.isCluster && context.laterRewrites.isEmpty && batch.contains(where: isWorthIt)
    }

    private func isWorthIt(_ pair: Pair) -> Bool {
        pair.move.type == .hash && pair.memory >= Self.leastBytes && !tried.contains(pair.move.source)
    }

    private func read(_ batch: [Pair], on connection: RedisConnection) async throws -> [Pair] {
        let worthy = batch.indices.filter { isWorthIt(batch[$0]) }
        var commands = CommandBuffer()
        commands.append("WATCH", worthy.flatMap { [batch[$0].move.source, batch[$0].move.destination] })
        for index in worthy {
            commands.append("HLEN", batch[index].move.source)
            commands.append("HLEN", batch[index].move.destination)
        }
        isWatching = true
        let replies = try await connection.pipeline(commands)
        _ = try replies[0].unlessError()
        var batch = batch
        for (place, index) in worthy.enumerated() {
            tried.insert(batch[index].move.source)
            let move = batch[index].move
            batch[index].sourceWhole = try await digest(of: move.source, replies[2 * place + 1], on: connection)
            let second = replies[2 * place + 2]
            batch[index].destinationWhole = try await digest(of: move.destination, second, on: connection)
        }
        return batch
    }

    /// The digest of a hash, in slices; nil where it is small, of another type, or came with a field twice, as it may
    /// while the server makes its table larger.
    private func digest(of key: Bytes, _ length: Reply, on connection: RedisConnection) async throws -> Digest? {
        if let error = length.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return nil
        }
        guard let count = try length.bounded("HLEN"), count >= Self.leastFields else { return nil }
        var bound = ScanBound(count: count, slack: Self.slack)
        var sum = HashSum()
        var cursor = Bytes("0")
        var size = Self.leastSlice
        repeat {
            try context.lease?.check()
            if context.shouldStop() {
                throw MigrationError.startsOver
            }
            let began = ContinuousClock.now
            var commands = CommandBuffer()
            commands.expect(replyBytes: Self.mostBytes)
            commands.append("HSCAN", key, cursor, Bytes("COUNT"), Bytes(decimal: size))
            let page = try await connection.pipeline(commands)[0]
            if let error = page.error {
                guard error.serverCode == "WRONGTYPE" else { throw error }
                return nil
            }
            let took = began.duration(to: .now)
            let asked = size
            let isQuick = took <= context.limits.batchTime
            size = isQuick ? min(Self.largestSlice, size * 5 / 4) : max(Self.leastSlice, size / 2)
            var parts = page.elements
            guard let next = parts.next()?.bytes, let fields = parts.next(), fields.kind == .array else {
                throw RedisError(.unexpectedReply, "HSCAN did not answer a cursor and fields.", outcome: .notExecuted)
            }
            digester.add(fields, to: &sum)
            // A table that grows for ever would otherwise never be at its end.
            guard sum.count <= count else { return nil }
            cursor = next
            if cursor != Bytes("0") { try bound.goOn(behind: asked, of: "HSCAN", "fields") }
        } while cursor != Bytes("0")
        return sum.count == count ? digester.hash(sum) : nil
    }

    /// Reads what a look of a plan asks, which no transaction follows; nil where the slices do not belong together.
    func look(_ reads: CommandBuffer, on connection: RedisConnection) async throws -> Replies? {
        guard isWatching else { return try await connection.pipeline(reads) }
        isWatching = false
        var commands = CommandBuffer()
        commands.append("MULTI")
        commands.append(contentsOf: reads)
        commands.append("EXEC")
        let replies = try await connection.pipeline(commands)
        if let error = replies.dropLast().lazy.compactMap(\.error).first { throw error }
        guard let result = try replies.last?.unlessError(), !result.isNull else { return nil }
        guard result.count == reads.count else {
            throw RedisError(.unexpectedReply, "EXEC did not answer for each of its commands.", outcome: .notExecuted)
        }
        return Replies(gathered: Array(result.elements))
    }
}

extension Pair {
    /// The pair as it is before anything was read of it.
    fileprivate var inOnePiece: Pair {
        guard sourceWhole != nil || destinationWhole != nil else { return self }
        var pair = self
        pair.sourceWhole = nil
        pair.destinationWhole = nil
        return pair
    }
}
