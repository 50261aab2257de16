import RedisClient

/// What a walk does with pairs: finds them, reads them, decides by the table, writes.
final class KeyMoveWork: WalkWork {
    /// What was found and done so far.
    private(set) var report = WalkReport()
    /// How far the work is.
    var progress = Progress()
    /// The server that is walked over; set before the walk begins.
    var server: ServerIdentity?

    let context: MigrationContext
    let digester: Digester
    let reader: PairReader
    let writer: PairWriter
    private let column: Column
    private let ledger: Ledger
    private let expiringWithin: Int64
    private let resolver: NameResolver
    private let deletesAreUnseen: Bool
    private let total: Int
    private var hasSeenFieldEnds = false
    private var heldKeys: HeldKeyStream
    private var vanished: [Bytes: Pair] = [:]
    private var dropsVanished = false
    private var removedWithoutDestination = 0
    /// Those of them whose removal is under way, in other slots.
    var removingWithoutDestination = 0

    init(moves: any KeyMoves, column: Column, context: MigrationContext, ledger: Ledger, total: Int) throws {
        self.column = column
        self.context = context
        self.ledger = ledger
        self.total = total
        heldKeys = HeldKeyStream(context.held)
        digester = try Digester()
        reader = PairReader(
            limit: context.limits.keyBytes,
            expiry: ExpiryReader(isExact: context.features.hasExpiryTime),
            header: LookHeader(
                asksForFieldEnds: context.features.hasFieldExpiry,
                expiringWithin: PairObservation.expiringWithin(isCluster: context.keyspace.isCluster)
            ),
            readsSourcesApart: context.keyspace.isCluster,
            readsPayloads: column.mayCopy && context.lease != nil,
            digester: digester
        )
        writer = PairWriter(
            readsBack: column == .verify || column == .verifyAgain,
            marksRemovals: context.keyspace.isCluster,
            reader: reader
        )
        expiringWithin = PairObservation.expiringWithin(isCluster: context.keyspace.isCluster)
        resolver = NameResolver(moves: moves, ledger: ledger, digester: digester)
        let phase = context.state?.trustedPhase
        deletesAreUnseen =
            phase == .cleaning || phase == .cleaned || context.state?.deletesAreUnseen == true
            || (context.state == nil && context.isRaised)
        progress.totalItems = total
    }

    func giveUp(_ pair: Pair) {
        report.hot += 1
        hold(pair, reason: "hot")
    }

    private func hold(_ pair: Pair, reason: String) {
        report.held.add(pair.move.source, reason: reason)
        heldKeys.add(HeldKey(pair.move.source, destination: pair.move.destination, reason: reason))
    }

    /// Hands over the held keys that were found and not told of yet.
    func tellOfHeldKeys() async throws {
        try await heldKeys.flush()
    }

    /// The old names of the pairs that these names belong to, whichever of the two each is.
    func sources(of names: [Bytes]) async throws -> [Bytes] {
        let page = try await resolver.resolve(names, on: context.keyspace)
        for name in page.unrelated { report.noteUnrelated(name) }
        return page.readings.map(\.reading.move.source) + page.ambiguous.map(\.name)
    }

    /// A copy by RESTORE brings the source twice.
    func weight(of pair: Pair) -> Int { pair.copyMethod == .restore ? 2 * pair.memory : pair.memory }

    // MARK: Finding pairs

    /// The pairs of a page: each once, without those that are handled where their source is found, or are too large.
    func items(of names: [Bytes]) async throws -> [Pair] {
        let page = try await resolver.resolve(names, on: context.keyspace)
        for name in page.unrelated { report.noteUnrelated(name) }
        for doubt in page.ambiguous {
            report.ambiguous += 1
            report.held.add(doubt.name, reason: "ambiguous")
            heldKeys.add(HeldKey(doubt.name, reason: "ambiguous"))
        }
        var known = Set<KeyMove>()
        var pairs: [Pair] = []
        var memories: [Int] = []
        let sourcesFirst = page.readings.filter(\.reading.isSource) + page.readings.filter { !$0.reading.isSource }
        for (reading, memory) in sourcesFirst {
            // Two sources of one destination are two pairs: the ledger shows the collision.
            guard reading.isSource || !known.contains(reading.move) else { continue }
            known.insert(reading.move)
            let destination = reading.move.destination
            let place = ledger.place(of: destination, digest: digester.nameDigest(destination))
            pairs.append(
                Pair(
                    move: reading.move,
                    isSeenByDestination: !reading.isSource,
                    sourceName: digester.nameDigest(reading.move.source),
                    ledgerKey: place.key,
                    ledgerField: place.field,
                    copyMethod: context.features.copyMethod
                )
            )
            memories.append(memory)
        }
        #if SEEDED_BUGS
            if SeededBug.isOn(.samplingVerify), column == .verify {
                let some = pairs.indices.filter { pairs[$0].sourceName.isMultiple(of: 10) }
                return try await admit(some.map { pairs[$0] }, memories: some.map { memories[$0] })
            }
        #endif
        let admitted = try await admit(pairs, memories: memories)
        try await tellOfHeldKeys()
        return admitted
    }

    private func admit(_ pairs: [Pair], memories: [Int]) async throws -> [Pair] {
        var commands = RoutedCommands(for: context.keyspace)
        for pair in pairs {
            if pair.isSeenByDestination {
                commands.append("TYPE", pair.move.source)
            } else {
                commands.add(for: pair.move.destination) {
                    $0.append("MEMORY", Bytes("USAGE"), pair.move.destination)
                }
            }
            commands.append("HEXISTS", pair.ledgerKey, pair.ledgerField)
        }
        let replies = try await context.keyspace.pipeline(commands)
        var admitted: [Pair] = []
        var doubtful: [Int] = []
        for (index, pair) in pairs.enumerated() {
            let answer = try replies[2 * index].unlessError()
            let hasEntry = replies[2 * index + 1].integer == 1
            // Handled where the source is found; a key of another type is none.
            if pair.isSeenByDestination, answer.equals(pair.move.type.name) { continue }
            let other = Int(answer.integer ?? 0)
            guard max(memories[index], other) <= context.limits.keyBytes else {
                hold(pair, reason: "tooLarge")
                continue
            }
            if !pair.isSeenByDestination, other == 0 { report.bytesNeeded += memories[index] }
            if !pair.isSeenByDestination, other > 0, !hasEntry { doubtful.append(admitted.count) }
            admitted.append(pair)
            admitted[admitted.count - 1].memory = memories[index] + other
        }
        return try await markCollisions(admitted, doubtful: doubtful)
    }

    /// A destination that is there without an entry may itself be an old key of another pair.
    private func markCollisions(_ pairs: [Pair], doubtful: [Int]) async throws -> [Pair] {
        guard !doubtful.isEmpty else { return pairs }
        var pairs = pairs
        let destinations = doubtful.map { pairs[$0].move.destination }
        let page = try await resolver.resolve(destinations, on: context.keyspace)
        let sources = Set(page.readings.filter(\.reading.isSource).map(\.reading.move.source))
        for index in doubtful where sources.contains(pairs[index].move.destination) {
            pairs[index].destinationIsSource = true
        }
        return pairs
    }

    // MARK: One batch

    func attempt(_ batch: [Pair]) async throws -> [Pair] {
        let undone = try await attemptAtOnce(batch)
        try await tellOfHeldKeys()
        return undone
    }

    private func attemptAtOnce(_ batch: [Pair]) async throws -> [Pair] {
        let batch = try await withFieldNames(batch)
        if context.keyspace.isCluster { return try await attemptAcrossSlots(batch) }
        var reads = CommandBuffer()
        reader.header.ask(in: &reads)
        for pair in batch { reader.ask(pair, in: &reads) }
        guard let lease = context.lease else {
            let connection = try await context.keyspace.connection(for: batch[0].move.source)
            return finish(try decide(batch, try await connection.pipeline(reads)[...]))
        }
        let watched = batch.flatMap { [$0.move.source, $0.move.destination] }
        var decided: [DecidedPair] = []
        let outcome = try await Fence(lease).transaction(
            on: context.keyspace,
            at: batch[0].move.destination,
            watching: watched,
            reads: reads
        ) { replies in
            decided = try decide(batch, replies)
            return writer.commands(for: decided)
        }
        switch outcome {
        case .nothingToDo, .redirected:
            return []
        case .changed:
            return batch
        case .committed(let replies):
            try writer.check(replies, of: decided)
            return finish(decided)
        }
    }

    /// Where a hash has been seen whose fields end, hashes are asked by name; which names they have is asked before the
    /// look, and those that have got more since are looked at again.
    private func withFieldNames(_ batch: [Pair]) async throws -> [Pair] {
        guard hasSeenFieldEnds else { return batch }
        var commands = RoutedCommands(for: context.keyspace)
        for pair in batch where pair.move.type == .hash {
            commands.append("HKEYS", pair.move.source)
            commands.append("HKEYS", pair.move.destination)
        }
        guard !commands.isEmpty else { return batch }
        var replies = try await context.keyspace.pipeline(commands).makeIterator()
        return try batch.map { pair in
            guard pair.move.type == .hash else { return pair }
            var pair = pair
            pair.sourceFields = try FieldNames.read(replies.next())
            pair.destinationFields = try FieldNames.read(replies.next())
            return pair
        }
    }

    /// Counts what is done, and returns what must be looked at again.
    func finish(_ decided: [DecidedPair]) -> [Pair] {
        tally(decided.filter { !$0.isIncomplete })
        return decided.filter(\.isIncomplete).map(\.pair)
    }

    func decide(_ batch: [Pair], _ replies: Replies.SubSequence) throws -> [DecidedPair] {
        var next = replies.startIndex + reader.header.replyCount
        let moment = try reader.header.read(replies[..<next])
        if moment.mayHaveFieldEnds { hasSeenFieldEnds = true }
        var destinations = Set<KeyName>()
        var removed = removedWithoutDestination + removingWithoutDestination
        return try batch.map { pair in
            let seen = try reader.observe(pair, replies[next...], at: moment, rewrites: context.laterRewrites)
            next += reader.replyCount(pair)
            if seen.isIncomplete {
                hasSeenFieldEnds = true
                return DecidedPair(
                    pair: pair,
                    pairClass: .absent,
                    ruling: Ruling(.leave, .fine),
                    moment: moment,
                    isIncomplete: true
                )
            }
            var observation = seen.observation
            observation.expiringWithin = expiringWithin
            if !context.isRaised || column == .apply && context.lease == nil {
                // Before the raise the old names are the truth, and before the ledger exists its hashes are not lost.
                observation.deletesAreUnseen = deletesAreUnseen
            } else if deletesAreUnseen {
                observation.deletesAreUnseen = true
            }
            // Of two sources of one destination only the first is copied; once there is an entry, it tells.
            let isFirst = destinations.insert(KeyName(pair.move.destination)).inserted
            let pairClass = isFirst || observation.entry != nil ? observation.pairClass : .collision
            var ruling = context.resolution?.ruling(of: pairClass, observation) ?? pairClass.ruling(in: column)
            if column == .cleanup, pairClass == .destinationMissing {
                ruling = rulingOfMissing(observation, before: removed)
                if ruling.action == .removeSource { removed += 1 }
            }
            // Cleanup is not over while a source is left that nothing will end.
            if column == .cleanup, pairClass == .expiring, observation.onlyDestinationExpires {
                ruling = Ruling(.leave, .kept)
            }
            if ruling.action == .dropDestination, pairClass == .sourceGone, !dropsVanished, context.lease != nil {
                // Whether they are few is known at the end of the walk.
                return DecidedPair(
                    pair: pair,
                    pairClass: pairClass,
                    ruling: Ruling(.leave, .fine),
                    moment: moment,
                    isPostponed: true
                )
            }
            // Nothing is forgotten where nothing was known.
            if ruling.action == .forget, observation.entry == nil { ruling.action = .leave }
            // What cannot be compared is neither copied nor removed.
            if seen.obstacle != nil || seen.isOtherType {
                ruling = Ruling(.leave, column == .cleanup ? .kept : .conflict)
                if let reason = context.resolution?.reason, reason != seen.obstacle { ruling.finding = .fine }
            }
            return DecidedPair(
                pair: pair,
                pairClass: pairClass,
                ruling: ruling,
                source: observation.source,
                destination: observation.destination,
                entry: observation.entry,
                rewritten: observation.rewrittenSource,
                changes: seen.changes,
                moment: moment,
                hasFieldEnds: seen.hasFieldEnds,
                payload: seen.payload,
                obstacle: seen.obstacle,
                isOtherType: seen.isOtherType
            )
        }
    }

    /// A destination that was deleted through its new name takes its source with it, while such pairs are few.
    private func rulingOfMissing(_ observation: PairObservation, before removed: Int) -> Ruling {
        guard let entry = observation.entry, observation.sourceMatches(entry),
            context.missingBeforeCleanup <= Few.ofMissing(total), removed < Few.ofMissing(total)
        else { return PairClass.destinationMissing.ruling(in: .cleanup) }
        return Ruling(.removeSource, .fine)
    }

    /// The pairs whose source is gone, if they are few and the server is the one on which copying began: a restart that
    /// lost data must not be mistaken for deletes.
    ///
    /// Errors: `sourcesDisappeared`; then no copy was dropped.
    func leftovers() async throws -> [Pair] {
        guard !vanished.isEmpty else { return [] }
        let now = try await ServerInfo.read(from: context.keyspace).identity
        guard now == server, context.state?.server == now else {
            throw MigrationError(
                .sourcesDisappeared,
                "\(vanished.count) old keys that were copied are gone, and the server is not the one on which copying began: "
                    + "they may be lost rather than deleted. Their copies were kept. Look at the data; if the old keys were "
                    + "deleted, run `apply` by hand."
            )
        }
        guard vanished.count <= Few.ofMissing(total) else {
            throw MigrationError(
                .sourcesDisappeared,
                "\(vanished.count) old keys that were copied are gone: too many for deletes by the application. Their copies "
                    + "were kept. Look at the data; restore the old keys, or remove the copies that nobody misses."
            )
        }
        defer { vanished = [:] }
        dropsVanished = true
        return Array(vanished.values)
    }

    func tally(_ decided: [DecidedPair]) {
        for one in decided where one.pairClass != .absent {
            if one.isPostponed {
                vanished[one.pair.move.destination] = one.pair
                continue
            }
            if one.pairClass == .destinationMissing, one.ruling.action == .removeSource {
                removedWithoutDestination += 1
            }
            // A key that became another type since it was listed is no pair.
            if one.isOtherType {
                report.noteUnrelated(one.pair.move.source)
                continue
            }
            report.note(one.pair, one.pairClass, one.ruling, obstacle: one.obstacle)
            if one.ruling.finding.isHeld {
                let reason = one.obstacle ?? one.pairClass.rawValue
                let (key, destination) = (one.pair.move.source, one.pair.move.destination)
                heldKeys.add(HeldKey(key, destination: destination, reason: reason))
            }
            if one.pairClass.hasSource { progress.processedItems += 1 }
            switch one.ruling.finding {
            case .conflict, .wrong, .kept: progress.failedItems += 1
            default: if one.ruling.action == .leave { progress.skippedItems += 1 }
            }
        }
    }
}

extension NameReading {
    /// Whether the name is an old one.
    var isSource: Bool {
        if case .source = self { return true }
        return false
    }
}
