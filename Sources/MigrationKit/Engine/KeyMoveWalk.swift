import RedisClient

/// One walk over all keys of a server: each pair is read, classed, and handled as the walk's column says.
///
/// Plan, apply, verify, catch-up and cleanup are this walk with another column. Used once, by one task.
final class KeyMoveWalk {
    /// Told after every page all of whose pairs are committed, none deferred.
    typealias PageEnd = (_ cursor: Bytes, _ progress: Progress) async throws -> Void

    private let moves: any KeyMoves
    private let column: Column
    private let context: MigrationContext
    private let ledger: Ledger
    private let server: ServerInfo
    private let digester: Digester
    private let resolver: NameResolver
    private let deletesAreUnseen: Bool
    private let total: Int
    private var report = WalkReport()
    /// How far the walk is.
    private(set) var progress = Progress()
    private var deferred: [Pair] = []
    private var dropped = 0
    private var removedWithoutDestination = 0
    private var pace: BatchPace
    private var lastTold = ContinuousClock.now

    private static let pageSize = 200
    private static let attemptsWhenHot = 20

    /// A walk in one column; `total` is the plan's count, for progress and for what is few.
    init(
        moves: any KeyMoves,
        migration: String,
        column: Column,
        context: MigrationContext,
        ledger shape: LedgerShape,
        total: Int
    ) async throws {
        self.moves = moves
        self.column = column
        self.context = context
        self.total = total
        ledger = Ledger(names: context.names, migration: migration, shape: shape)
        digester = try Digester()
        resolver = NameResolver(moves: moves, ledger: ledger, digester: digester)
        server = try await ServerInfo.read(from: context.connection)
        guard server.isMaster else {
            throw MigrationError(.serverChanged, "The server is a replica; the master is looked for again.")
        }
        let phase = context.state?.trustedPhase
        deletesAreUnseen =
            phase == .cleaning || phase == .cleaned || context.state?.deletesAreUnseen == true
            || (context.state == nil && context.isRaised)
        pace = BatchPace(limits: context.limits, roundTrip: try await Self.roundTrip(on: context.connection))
        progress.totalItems = total
    }

    /// The identity of the server that is walked over.
    var identity: ServerIdentity { server.identity }

    /// Walks from a checkpoint, or from the start.
    ///
    /// Errors: `interrupted` when asked to stop, `serverChanged` when the walk is not complete, and all of the fence's.
    func run(from checkpoint: Checkpoint? = nil, pageEnd: PageEnd = { _, _ in }) async throws -> WalkReport {
        var cursor = Bytes("0")
        if let checkpoint, checkpoint.runID == server.identity.runID {
            cursor = Bytes(checkpoint.cursor)
            progress.processedItems = checkpoint.processedItems
        }
        repeat {
            try stopIfAsked()
            let names = try await scan(&cursor)
            try await handle(names)
            if deferred.isEmpty { try await pageEnd(cursor, progress) }
            tellProgress()
        } while cursor != Bytes("0")
        try await handleDeferred()
        try await requireSameServer()
        context.progress(progress)
        return report
    }

    private func stopIfAsked() throws {
        try context.lease?.check()
        if context.shouldStop() {
            throw MigrationError(.interrupted, "Stopped between two batches; what is done is kept.")
        }
    }

    private func tellProgress() {
        guard lastTold.duration(to: .now) >= .milliseconds(100) else { return }
        lastTold = .now
        context.progress(progress)
    }

    private func scan(_ cursor: inout Bytes) async throws -> [Bytes] {
        var commands = CommandBuffer()
        if column == .apply, context.lease == nil {
            // A plan tells of unrelated keys too.
            commands.append("SCAN", cursor, Bytes("COUNT"), Bytes(String(Self.pageSize)))
        } else {
            commands.append(
                "SCAN",
                cursor,
                Bytes("MATCH"),
                Glob.matching(prefix: moves.prefix),
                Bytes("COUNT"),
                Bytes(String(Self.pageSize))
            )
        }
        var parts = try await context.connection.pipeline(commands)[0].unlessError().elements
        guard let next = parts.next()?.bytes, let page = parts.next(), page.kind == .array else {
            throw RedisError(.unexpectedReply, "SCAN did not answer a cursor and names.", outcome: .notExecuted)
        }
        cursor = next
        // SCAN may return a key twice, most often in one page.
        var seen = Set<Bytes>()
        return page.elements.compactMap(\.bytes).filter { !context.names.isBookkeeping($0) && seen.insert($0).inserted }
    }

    private func handle(_ names: [Bytes]) async throws {
        let page = try await resolver.resolve(names, on: context.connection)
        for name in page.unrelated { report.noteUnrelated(name) }
        for name in page.ambiguous {
            report.ambiguous += 1
            report.held.add(name, reason: "ambiguous")
        }
        let pairs = try await pairs(of: page)
        var rest = pairs[...]
        while !rest.isEmpty {
            try stopIfAsked()
            let batch = Array(rest.prefix(pace.size))
            rest = rest.dropFirst(batch.count)
            try await handleInTime(batch)
        }
    }

    private func handleInTime(_ batch: [Pair]) async throws {
        let began = ContinuousClock.now
        try await handle(batch)
        pace.noteBatch(of: batch.count, took: began.duration(to: .now), roundTrips: 2)
        let pause = pace.pause()
        if pause > .zero { try await Task.sleep(for: pause) }
    }

    /// The pairs of a page: each once, without those that are handled where their source is found, or are too large.
    private func pairs(of page: ResolvedPage) async throws -> [Pair] {
        var known = Set<Bytes>()
        var pairs: [Pair] = []
        var memories: [Int] = []
        let sourcesFirst = page.readings.filter(\.reading.isSource) + page.readings.filter { !$0.reading.isSource }
        for (reading, memory) in sourcesFirst {
            // Two sources of one destination are two pairs: the ledger shows the collision.
            guard reading.isSource || !known.contains(reading.move.destination) else { continue }
            known.insert(reading.move.destination)
            let place = ledger.place(of: digester.nameDigest(reading.move.destination))
            pairs.append(
                Pair(
                    move: reading.move,
                    isSeenByDestination: !reading.isSource,
                    sourceName: digester.nameDigest(reading.move.source),
                    ledgerKey: place.key,
                    ledgerField: place.field
                )
            )
            memories.append(memory)
        }
        return try await admit(pairs, memories: memories)
    }

    private func admit(_ pairs: [Pair], memories: [Int]) async throws -> [Pair] {
        var commands = CommandBuffer()
        for pair in pairs {
            commands.append("MEMORY", Bytes("USAGE"), pair.other)
            commands.append("HEXISTS", pair.ledgerKey, pair.ledgerField)
        }
        let replies = try await context.connection.pipeline(commands)
        var admitted: [Pair] = []
        var doubtful: [Int] = []
        for (index, pair) in pairs.enumerated() {
            let other = Int(try replies[2 * index].unlessError().integer ?? 0)
            let hasEntry = replies[2 * index + 1].integer == 1
            // Handled where the source is found.
            if pair.isSeenByDestination, other > 0 { continue }
            guard max(memories[index], other) <= context.limits.keyBytes else {
                report.held.add(pair.move.source, reason: "tooLarge")
                continue
            }
            if !pair.isSeenByDestination, other == 0 { report.bytesNeeded += memories[index] }
            if !pair.isSeenByDestination, other > 0, !hasEntry { doubtful.append(admitted.count) }
            admitted.append(pair)
        }
        return try await markCollisions(admitted, doubtful: doubtful)
    }

    /// A destination that is there without an entry may itself be an old key of another pair.
    private func markCollisions(_ pairs: [Pair], doubtful: [Int]) async throws -> [Pair] {
        guard !doubtful.isEmpty else { return pairs }
        var pairs = pairs
        let destinations = doubtful.map { pairs[$0].move.destination }
        let page = try await resolver.resolve(destinations, on: context.connection)
        let sources = Set(page.readings.filter(\.reading.isSource).map(\.reading.move.source))
        for index in doubtful where sources.contains(pairs[index].move.destination) {
            pairs[index].destinationIsSource = true
        }
        return pairs
    }

    // MARK: One batch

    private struct Decided {
        var pair: Pair
        var pairClass: PairClass
        var ruling: Ruling
        var base: Side?
    }

    /// A batch that lost a race is halved, down to single pairs; those wait until the end of the walk.
    private func handle(_ batch: [Pair]) async throws {
        guard try await !attempt(batch) else { return }
        if batch.count == 1 {
            deferred += batch
        } else {
            let half = batch.count / 2
            try await handle(Array(batch[..<half]))
            try await handle(Array(batch[half...]))
        }
    }

    private func handleDeferred() async throws {
        let waiting = deferred
        deferred = []
        for pair in waiting {
            var isDone = false
            for _ in 0..<Self.attemptsWhenHot where !isDone {
                try stopIfAsked()
                isDone = try await attempt([pair])
            }
            if !isDone {
                report.hot += 1
                report.held.add(pair.move.source, reason: "hot")
            }
        }
    }

    /// False when a watched key changed and nothing happened.
    private func attempt(_ batch: [Pair]) async throws -> Bool {
        var reads = CommandBuffer()
        reads.append("TIME")
        for pair in batch { PairReader.ask(pair, in: &reads) }
        guard let lease = context.lease else {
            tally(try decide(batch, try await context.connection.pipeline(reads)[...]))
            return true
        }
        let watched = batch.flatMap { [$0.move.source, $0.move.destination] }
        var decided: [Decided] = []
        let outcome = try await Fence(lease).transaction(on: context.connection, watching: watched, reads: reads) {
            replies in
            decided = try decide(batch, replies)
            return commands(for: decided)
        }
        switch outcome {
        case .nothingToDo:
            return true
        case .changed:
            return false
        case .committed(let replies):
            try check(replies, of: decided)
            tally(decided)
            return true
        }
    }

    private func decide(_ batch: [Pair], _ replies: Replies.SubSequence) throws -> [Decided] {
        let now = try Self.time(replies[replies.startIndex])
        var next = replies.startIndex + 1
        return try batch.map { pair in
            var observation = try PairReader.observe(pair, replies[next...], now: now, digester: digester)
            next += PairReader.replyCount
            if column == .apply, context.lease == nil {
                // Before the ledger exists, its hashes are not lost.
                observation.deletesAreUnseen = deletesAreUnseen
            } else if deletesAreUnseen {
                observation.deletesAreUnseen = true
            }
            let pairClass = observation.pairClass
            var ruling = pairClass.ruling(in: column)
            if column == .cleanup, pairClass == .destinationMissing { ruling = rulingOfMissing(observation) }
            if ruling.action == .dropDestination { try allowDrop() }
            // Nothing is forgotten where nothing was known.
            if ruling.action == .forget, observation.entry == nil { ruling.action = .leave }
            return Decided(pair: pair, pairClass: pairClass, ruling: ruling, base: observation.source)
        }
    }

    /// A destination that was deleted through its new name takes its source with it, while such pairs are few.
    private func rulingOfMissing(_ observation: PairObservation) -> Ruling {
        guard let source = observation.source, let entry = observation.entry, source.matches(entry.source),
            context.missingBeforeCleanup <= Few.ofMissing(total), removedWithoutDestination < Few.ofMissing(total)
        else { return PairClass.destinationMissing.ruling(in: .cleanup) }
        removedWithoutDestination += 1
        return Ruling(.removeSource, .fine)
    }

    /// A restart that lost data must not be mistaken for deletes.
    private func allowDrop() throws {
        guard context.state?.server == server.identity else {
            throw MigrationError(
                .sourcesDisappeared,
                "Old keys that were copied are gone, and the server is not the one on which copying began: they may be "
                    + "lost rather than deleted. Look at the data; if they were deleted, run `apply` by hand."
            )
        }
        dropped += 1
        guard dropped <= Few.ofMissing(total) else {
            throw MigrationError(
                .sourcesDisappeared,
                "More than \(Few.ofMissing(total)) old keys that were copied are gone: too many for deletes by the "
                    + "application. Their copies were kept. Look at the data; remove the copies that nobody misses."
            )
        }
    }

    private func commands(for decided: [Decided]) -> CommandBuffer {
        var commands = CommandBuffer()
        for one in decided {
            let pair = one.pair
            switch one.ruling.action {
            case .leave:
                break
            case .copy:
                commands.append("COPY", pair.move.source, pair.move.destination)
                note(one, in: &commands)
                if column == .verify {
                    commands.append("HGETALL", pair.move.destination)
                    commands.append("PEXPIRETIME", pair.move.destination)
                }
            case .copyOver:
                commands.append("COPY", pair.move.source, pair.move.destination, Bytes("REPLACE"))
                note(one, in: &commands)
                if column == .verify {
                    commands.append("HGETALL", pair.move.destination)
                    commands.append("PEXPIRETIME", pair.move.destination)
                }
            case .note:
                note(one, in: &commands)
            case .takeExpiry:
                if let expiry = one.base?.expiry {
                    commands.append("PEXPIREAT", pair.move.destination, Bytes(String(expiry)))
                } else {
                    commands.append("PERSIST", pair.move.destination)
                }
                note(one, in: &commands)
            case .dropDestination:
                commands.append("UNLINK", pair.move.destination)
                forget(pair, in: &commands)
            case .forget:
                forget(pair, in: &commands)
            case .removeSource:
                commands.append("UNLINK", pair.move.source)
                forget(pair, in: &commands)
            }
        }
        return commands
    }

    /// After each of the actions that note, both sides are what the source is now.
    private func note(_ decided: Decided, in commands: inout CommandBuffer) {
        guard let base = decided.base else { return }
        let entry = LedgerEntry(sourceName: decided.pair.sourceName, source: base, destination: base)
        commands.append("HSET", decided.pair.ledgerKey, decided.pair.ledgerField, entry.bytes)
    }

    private func forget(_ pair: Pair, in commands: inout CommandBuffer) {
        commands.append("HDEL", pair.ledgerKey, pair.ledgerField)
    }

    /// Holds the replies of EXEC against what the transaction was meant to do.
    private func check(_ replies: [Reply], of decided: [Decided]) throws {
        var next = 0
        for one in decided {
            switch one.ruling.action {
            case .leave:
                continue
            case .note, .forget:
                next += 1
            case .copy, .copyOver:
                guard replies[next].integer == 1 else { throw unexpected("COPY", one.pair) }
                next += 2
                if column == .verify {
                    let copy = try PairReader.side(replies[next], expiry: replies[next + 1], digester: digester)
                    next += 2
                    guard let copy, let base = one.base, copy.matches(base) else { throw copyDiffers(one.pair) }
                }
            case .takeExpiry, .dropDestination, .removeSource:
                guard replies[next].integer == 1 else { throw unexpected("a write", one.pair) }
                next += 2
            }
        }
    }

    private func unexpected(_ what: String, _ pair: Pair) -> RedisError {
        RedisError(
            .partlyExecuted,
            "In a transaction \(what) did nothing for \(KeyText.escaped(pair.move.source)), though its keys were watched.",
            outcome: .unknown
        )
    }

    private func copyDiffers(_ pair: Pair) -> MigrationError {
        MigrationError(
            .copyDiffers,
            "The copy of \(KeyText.escaped(pair.move.source)) that was read back is not what was copied: the server is "
                + "at fault. Nothing is removed; check the server."
        )
    }

    private func tally(_ decided: [Decided]) {
        for one in decided where one.pairClass != .absent {
            // A key that became another type since it was listed is no pair.
            if let base = one.base, base.content == nil {
                report.noteUnrelated(one.pair.move.source)
                continue
            }
            report.note(one.pair, one.pairClass, one.ruling)
            if one.pairClass.hasSource { progress.processedItems += 1 }
            switch one.ruling.finding {
            case .conflict, .wrong, .kept: progress.failedItems += 1
            default: if one.ruling.action == .leave { progress.skippedItems += 1 }
            }
        }
    }

    // MARK: The server

    private func requireSameServer() async throws {
        let now = try await ServerInfo.read(from: context.connection)
        guard now.isMaster, now.identity == server.identity else {
            throw MigrationError(
                .serverChanged,
                "The server restarted or failed over during the walk; the walk is not complete and begins again."
            )
        }
    }

    private static func time(_ reply: Reply) throws -> Int64 {
        try ServerTime.read(reply).milliseconds
    }

    private static func roundTrip(on connection: RedisConnection) async throws -> Duration {
        var least = Duration.seconds(1)
        for _ in 0..<3 {
            let began = ContinuousClock.now
            _ = try await connection.send("PING")
            least = min(least, began.duration(to: .now))
        }
        return least
    }
}

extension NameReading {
    /// Whether the name is an old one.
    var isSource: Bool {
        if case .source = self { return true }
        return false
    }
}

extension Pair {
    /// The side by which it was not found.
    var other: Bytes { isSeenByDestination ? move.source : move.destination }
}

/// How many surprising pairs are still few.
enum Few {
    /// Pairs that may change under verify's eyes: more than 20 and more than 1 % are many.
    static func isMany(_ count: Int, of total: Int) -> Bool { count > 20 && count * 100 > total }

    /// Pairs one of whose sides may vanish: 10, or 0.1 %.
    static func ofMissing(_ total: Int) -> Int { max(10, total / 1000) }
}
