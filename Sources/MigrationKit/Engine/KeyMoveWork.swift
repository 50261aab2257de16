import RedisClient

/// What a walk does with pairs: finds them, reads them, decides by the table, writes.
final class KeyMoveWork: WalkWork {
    /// What was found and done so far.
    private(set) var report = WalkReport()
    /// How far the work is.
    private(set) var progress = Progress()
    /// The server that is walked over; set before the walk begins.
    var server: ServerIdentity?

    let context: MigrationContext
    let digester: Digester
    let reader: PairReader
    let writer: PairWriter
    let column: Column
    private let expiringWithin: Int64
    /// Finds pairs.
    let lister: KeyMoveLister
    private let slices: SliceReader
    private let deletesAreUnseen: Bool
    let total: Int
    private var hasSeenFieldEnds = false
    /// Whether there was a destination that nobody expected.
    private var hasSeenDestinations = false
    /// Whether most pairs are expected to be as the ledger says.
    private lazy var expectsPeace = comparesMostly
    /// What one look could not tell and the next one will.
    private var again: [Pair] = []
    private var heldKeys: HeldKeyStream
    private var vanished: [Bytes: Pair] = [:]
    private var dropsVanished = false
    private var firstSources: FirstSources
    private var removedWithoutDestination = 0
    /// Those of them whose removal is under way, in other slots.
    var removingWithoutDestination = 0

    init(
        moves: any KeyMoves,
        column: Column,
        context: MigrationContext,
        ledger: Ledger,
        isLedgerNew: Bool = false,
        total: Int
    ) throws {
        self.column = column
        self.context = context
        self.total = total
        heldKeys = HeldKeyStream(context.held)
        firstSources = FirstSources(remembering: context.lease == nil ? moves : nil)
        digester = try Digester()
        reader = PairReader(
            limit: context.limits.keyBytes,
            expiry: ExpiryReader(isExact: context.features.hasExpiryTime, mayMove: context.keyspace.isCluster),
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
        let phase = context.state?.trustedPhase
        deletesAreUnseen =
            phase == .cleaning || phase == .cleaned || context.state?.deletesAreUnseen == true
            || context.state?.hasForeignCopies == true
            || (context.state == nil && context.isRaised)
        lister = KeyMoveLister(
            moves: moves,
            column: column,
            ledger: ledger,
            limits: context.liveLimits,
            copyMethod: context.features.copyMethod,
            sizes: context.features.sizes,
            isFirst: column == .apply && context.state?.report == nil && context.state?.checkpoint == nil,
            isLedgerNew: isLedgerNew,
            // Whoever asks what is held wants to know what cannot be read, too.
            readsUncopied: context.lease != nil || context.held != nil,
            newNamesAreInUse: context.isRaised || deletesAreUnseen
        )
        slices = SliceReader(context, digester: digester)
        progress.totalItems = total
    }

    /// A first plan asks little of a pair.
    var largestBatch: Int { context.lease == nil && lister.isFirst ? 50 : BatchPace.largest }

    func goOn(behind items: Int) {
        progress.processedItems = items
        report.earlier = items
    }

    func giveUp(_ pair: Pair) {
        report.hot += 1
        hold(HeldKey(pair.move.source, destination: pair.move.destination, reason: "hot"))
    }

    func hold(_ pair: Pair, reason: String) {
        hold(HeldKey(pair.move.source, destination: pair.move.destination, reason: reason))
        progress.failedItems += 1
        progress.processedItems += 1
    }

    /// The server's estimate goes by a few elements of each key. To count takes it as long as to read, and sends nothing.
    func measured(exactly pair: Pair) async throws -> Pair? {
        let sizes = try await KeySizes.counted(of: [pair.move.source, pair.move.destination], on: context.keyspace)
        let largest = sizes.max() ?? 0
        guard largest <= context.limits.keyBytes else {
            report.noteLarge(LargeKey(pair.move.source, bytes: largest))
            hold(pair, reason: "tooLarge")
            return nil
        }
        var pair = pair
        pair.memory = sizes.reduce(0, +)
        pair.isCounted = true
        return pair
    }

    private func hold(_ key: HeldKey) {
        report.held.add(key.key, reason: key.reason)
        heldKeys.add(key)
    }

    func tellOfHeldKeys() async throws {
        try await heldKeys.flush()
    }

    func take(_ listing: Listing<Pair>) -> [Pair] {
        report.note(listing)
        progress.skippedItems += listing.native.values.reduce(0, +)
        for key in listing.held { heldKeys.add(key) }
        return listing.items
    }

    /// The pairs that these names belong to, whichever of the two each is.
    func pairs(of names: [Bytes]) async throws -> [Pair] {
        let sources = try await lister.sources(of: names, on: context.keyspace)
        report.note(sources)
        let asked = Set(names.map { KeyName($0) })
        // What an old name is, only its key says: its pair may be another than the one by which it was found.
        return take(try await lister.list(sources.items, on: context.keyspace)).filter { pair in
            asked.contains(KeyName(pair.move.source)) || asked.contains(KeyName(pair.move.destination))
        }
    }

    /// A copy by RESTORE brings the source twice.
    func weight(of pair: Pair) -> Int { pair.copyMethod == .restore ? 2 * pair.memory : pair.memory }

    // MARK: One batch

    /// Not in a cluster, whose pairs are in many slots, nor where something else must be asked before the look.
    func look(at batch: [Pair]) -> BatchLook<Pair>? {
        guard !context.keyspace.isCluster, !hasSeenFieldEnds, !slices.wants(batch) else { return nil }
        let asked = questions(about: batch, together: !hasSeenDestinations)
        guard !expectsPeace else { return glance(at: batch, asked) }
        var decided: [DecidedPair] = []
        var removing = 0
        return BatchLook(items: batch, look: transaction(of: batch, asking: asked.reads)) { [self] replies in
            decided = try decide(batch, replies, together: asked.isTogether)
            notePeace(in: decided)
            removing = decided.count(where: \.removesWithoutDestination)
            removingWithoutDestination += removing
            return context.lease.map { _ in writer.commands(for: decided) }
        } finish: { [self] outcome in
            removingWithoutDestination -= removing
            switch outcome {
            case .committed(let result):
                try writer.check(result, of: decided)
                finish(decided)
            case .nothingToDo: finish(decided)
            case .changed, .redirected: break
            }
        } abandon: { [self] in
            removingWithoutDestination -= removing
            // Whoever counts on a walk that wrote nothing must not be told so.
            if decided.contains(where: { $0.ruling.action != .leave }) { report.written += 1 }
        }
    }

    /// A look that watches nothing: enough for pairs that are as the ledger says, as each side was when it was read. What is
    /// anything else is looked at again, in one atomic look.
    private func glance(at batch: [Pair], _ asked: (reads: CommandBuffer, isTogether: Bool)) -> BatchLook<Pair> {
        var decided: [DecidedPair] = []
        let look = Fence.Look(at: batch[0].move.destination, reads: asked.reads, isWatched: false)
        return BatchLook(items: batch, look: look) { [self] replies in
            decided = try decide(batch, replies, together: asked.isTogether)
            notePeace(in: decided)
            return nil
        } finish: { [self] _ in
            for index in decided.indices {
                if decided[index].isAtPeace { tally(decided[index]) } else { again.append(decided[index].pair) }
            }
        }
    }

    /// Where more than a quarter of a batch had to be looked at again, watching the next one costs less.
    private func notePeace(in decided: [DecidedPair]) {
        expectsPeace = comparesMostly && 4 * decided.count { !$0.isAtPeace } <= decided.count
    }

    private var comparesMostly: Bool {
        [.verify, .verifyAgain, .catchUp, .firstCatchUp].contains(column) && context.lease != nil
    }

    private func transaction(of batch: [Pair], asking reads: CommandBuffer) -> Fence.Look {
        var watched: [Bytes] = []
        watched.reserveCapacity(2 * batch.count)
        for pair in batch {
            watched.append(pair.move.source)
            watched.append(pair.move.destination)
        }
        return Fence.Look(at: batch[0].move.destination, watching: watched, reads: reads)
    }

    private func questions(about batch: [Pair], together: Bool) -> (reads: CommandBuffer, isTogether: Bool) {
        var reads = CommandBuffer(reserving: batch.count * 400)
        reader.header.ask(in: &reads)
        reads.expect(replyBytes: reader.replyBytes(batch))
        let isTogether = together && reader.askTogether(batch, in: &reads)
        for pair in batch { reader.ask(pair, together: isTogether, in: &reads) }
        return (reads, isTogether)
    }

    /// What looks could not tell, to be attempted again.
    func takeUnsettled() -> [Pair] {
        defer { again = [] }
        return again
    }

    /// What the first look could not tell is asked, and then looked at once more at once.
    func attempt(_ batch: [Pair]) async throws -> [Pair] {
        var undone: [Pair] = []
        var rest = batch
        for _ in 0..<2 where !rest.isEmpty {
            let settled = try await withDoubtsSettled(measured(rest))
            rest = []
            if !settled.isEmpty { undone += try await attemptAtOnce(settled) }
            swap(&rest, &again)
        }
        return undone + rest
    }

    /// The pairs that are not too large, with what their destinations take that none was expected for.
    private func measured(_ pairs: [Pair]) async throws -> [Pair] {
        let unexpected = pairs.filter { $0.expectsDestination && !$0.isMeasured }
        guard !unexpected.isEmpty else { return pairs }
        let listing = try await lister.measured(unexpected, on: context.keyspace)
        return pairs.filter { !$0.expectsDestination || $0.isMeasured } + take(listing)
    }

    /// A destination that is there without an entry may itself be an old key of another pair.
    private func withDoubtsSettled(_ pairs: [Pair]) async throws -> [Pair] {
        let doubtful = pairs.filter(\.isInDoubt).map(\.move.destination)
        guard !doubtful.isEmpty else { return pairs }
        let sources = try await lister.oldNames(among: doubtful, on: context.keyspace)
        return pairs.map { pair in
            var pair = pair
            if pair.isInDoubt { pair.destinationIsSource = sources.contains(KeyName(pair.move.destination)) }
            return pair
        }
    }

    private func attemptAtOnce(_ batch: [Pair]) async throws -> [Pair] {
        let batch = try await withFieldNames(batch)
        if context.keyspace.isCluster { return try await attemptAcrossSlots(batch) }
        let sliced = try await slices.read(batch, fieldsMayEnd: hasSeenFieldEnds)
        let look = transaction(of: batch, asking: questions(about: sliced, together: false).reads)
        guard let lease = context.lease else {
            let connection = try await context.keyspace.connection(for: batch[0].move.source)
            guard let replies = try await slices.look(look.reads, on: connection) else { return batch }
            finish(try decide(sliced, replies[...]))
            return []
        }
        var decided: [DecidedPair] = []
        let outcome = try await context.fence(of: lease).transaction(look, on: context.keyspace) { [self] replies in
            decided = try decide(sliced, replies)
            return writer.commands(for: decided)
        }
        switch outcome {
        case .nothingToDo, .redirected:
            return []
        case .changed:
            return batch
        case .committed(let result):
            try writer.check(result, of: decided)
            finish(decided)
            return []
        }
    }

    /// Where a hash has been seen whose fields end, hashes are asked by name; which names they have is asked before the
    /// look, and those that have got more since are looked at again.
    private func withFieldNames(_ batch: [Pair]) async throws -> [Pair] {
        guard hasSeenFieldEnds else { return batch }
        var commands = RoutedCommands(for: context.keyspace)
        for pair in batch where pair.move.type == .hash {
            for key in [pair.move.source, pair.move.destination] {
                commands.add(for: key) { commands in
                    commands.expect(replyBytes: reader.replyBytes([pair]))
                    commands.append("HKEYS", key)
                }
            }
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

    /// Counts what is done, and notes what must be looked at again.
    func finish(_ decided: [DecidedPair]) {
        for index in decided.indices {
            if decided[index].isIncomplete { again.append(decided[index].pair) } else { tally(decided[index]) }
        }
    }

    func decide(_ batch: [Pair], _ replies: Replies.SubSequence, together: Bool = false) throws -> [DecidedPair] {
        var next = replies.startIndex + reader.header.replyCount
        let moment = try reader.header.read(replies[..<next])
        var isAnyThere: Bool?
        if together {
            isAnyThere = try replies[next].unlessError().integer != 0
            next += 1
            // Which of them is told when they are asked one by one, as all are from then on.
            if isAnyThere == true { hasSeenDestinations = true }
        }
        if moment.mayHaveFieldEnds { hasSeenFieldEnds = true }
        firstSources.beginBatch()
        var removed = removedWithoutDestination + removingWithoutDestination
        return try batch.map { pair in
            let seen = try reader.observe(
                pair,
                replies[next...],
                at: moment,
                together: isAnyThere,
                rewrites: context.laterRewrites
            )
            next += reader.replyCount(pair, together: together)
            if seen.lacksFieldEnds { hasSeenFieldEnds = true }
            if let next = seen.nextLook(at: pair) {
                return DecidedPair(
                    pair: next,
                    pairClass: .absent,
                    ruling: Ruling(.leave, .fine),
                    moment: moment,
                    isIncomplete: true
                )
            }
            var observation = seen.observation
            observation.expiringWithin = expiringWithin
            observation.wasRaisedElsewhere = context.wasRaisedElsewhere
            if !context.isRaised || column == .apply && context.lease == nil {
                // Before the raise the old names are the truth, and before the ledger exists its hashes are not lost.
                observation.deletesAreUnseen = deletesAreUnseen
            } else if deletesAreUnseen {
                observation.deletesAreUnseen = true
            }
            // Of two sources of one destination only the first is copied; once there is an entry, it tells.
            let isFirst = observation.entry != nil || firstSources.isFirst(pair)
            let pairClass = isFirst ? observation.pairClass : .collision
            var ruling =
                context.resolution?.ruling(of: pairClass, observation, isRaised: context.isRaised)
                ?? pairClass.ruling(in: column)
            if column == .cleanup, pairClass == .destinationMissing {
                ruling = rulingOfMissing(observation, before: removed)
                if ruling.action == .removeSource { removed += 1 }
            }
            // Cleanup is not over while a source is left that nothing will end.
            if column == .cleanup, pairClass == .expiring, observation.onlyDestinationExpires {
                ruling = Ruling(.leave, .kept)
            }
            if ruling.action == .dropDestination, pairClass == .sourceGone, !dropsVanished, context.lease != nil,
                context.resolution == nil
            {
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
        if column == .firstCatchUp { return vanishedAfterVerify(on: now) }
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

    /// The same right after the raise. If it is not sure that they were deleted, they are left to a person: the version is
    /// raised, and the rest of the work goes on.
    private func vanishedAfterVerify(on now: ServerIdentity) -> [Pair] {
        defer { vanished = [:] }
        let isSameServer = now == server && context.state?.verification?.server == now
        guard isSameServer, vanished.count <= Few.ofMissing(total) else {
            for pair in vanished.values { count(pair, .sourceGone, PairClass.sourceGone.ruling(in: .catchUp)) }
            return []
        }
        dropsVanished = true
        return Array(vanished.values)
    }

    private func tally(_ one: DecidedPair) {
        guard one.pairClass != .absent else { return }
        if one.isPostponed {
            vanished[one.pair.move.destination] = one.pair
            return
        }
        if one.pairClass == .destinationMissing, one.ruling.action == .removeSource {
            removedWithoutDestination += 1
        }
        if one.entry != nil || ![.leave, .forget].contains(one.ruling.action) { report.noted += 1 }
        // A key that became another type since it was listed is no pair.
        if one.isOtherType { return report.noteUnrelated(one.pair.move.source) }
        count(one.pair, one.pairClass, one.ruling, obstacle: one.obstacle)
    }

    private func count(_ pair: Pair, _ pairClass: PairClass, _ ruling: Ruling, obstacle: String? = nil) {
        report.note(pair, pairClass, ruling, obstacle: obstacle)
        if context.resolution != nil, ruling.action != .leave {
            report.settled.add(pair.move.source, reason: pairClass.rawValue)
        }
        if pairClass.hasSource, !pair.expectsDestination { report.bytesNeeded += pair.memory }
        if column == .verifyAgain, pairClass == .destinationMissing {
            // A few are no fault, and of many a person wants to know which; who asks for what is held is told.
            heldKeys.add(HeldKey(pair.move.source, destination: pair.move.destination, reason: pairClass.rawValue))
        }
        if ruling.finding.isHeld {
            let reason = obstacle ?? pairClass.rawValue
            heldKeys.add(HeldKey(pair.move.source, destination: pair.move.destination, reason: reason))
            progress.failedItems += 1
        } else if ruling.action == .leave {
            progress.skippedItems += 1
        }
        if pairClass.hasSource { progress.processedItems += 1 }
    }
}
