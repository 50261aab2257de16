import RedisClient

/// What a walk does with hashes whose fields a migration rewrites.
///
/// A hash that an earlier migration copied keeps its base: where it is as that migration left it, the entry follows in
/// the same transaction, so that our own write is not taken for the application's; where it is not, the entry stays.
final class FieldRewriteWork: WalkWork {
    /// What was found and done so far.
    var report: WalkReport {
        var report = found
        for (kind, counts) in counts { report.rewrites[kind] = counts }
        return report
    }

    /// How far the work is.
    @exclusivity(unchecked) private(set) var progress = Progress()

    // These change with every hash: a list of a few kinds is searched faster than a dictionary, and what only one thread
    // touches at a time needs no checks of that.
    @exclusivity(unchecked) private var counts: [(kind: String, counts: RewriteCounts)] = []
    @exclusivity(unchecked) private var found = WalkReport()

    private var heldKeys: HeldKeyStream
    private let rewrites: any FieldRewrites
    let context: MigrationContext
    private let reader: RewriteReader
    /// Finds hashes.
    let lister: FieldRewriteLister
    private var hasSeenFieldEnds = false
    /// Whether most hashes are expected to be as they should: then a glance at each costs less.
    private var expectsPeace: Bool
    /// What one look could not tell and the next one will.
    private var again: [RewriteItem] = []

    /// `comparesMostly` says whether most hashes are expected to be rewritten already.
    init(rewrites: any FieldRewrites, context: MigrationContext, comparesMostly: Bool, total: Int) throws {
        self.rewrites = rewrites
        self.context = context
        heldKeys = HeldKeyStream(context.held)
        reader = RewriteReader(
            rewrites: rewrites,
            expiry: ExpiryReader(isExact: context.features.hasExpiryTime, mayMove: context.keyspace.isCluster),
            header: LookHeader(
                asksForFieldEnds: context.features.hasFieldExpiry,
                expiringWithin: PairObservation.expiringWithin(isCluster: context.keyspace.isCluster)
            ),
            hasLedgers: !context.earlierLedgers.isEmpty,
            digester: try Digester()
        )
        lister = FieldRewriteLister(
            rewrites: rewrites,
            ledgers: context.earlierLedgers,
            limits: context.liveLimits,
            isForWriting: context.lease != nil && !comparesMostly,
            sizes: context.features.sizes
        )
        expectsPeace = comparesMostly
        progress.totalItems = total
    }

    /// Of hashes of which only fields are read others wait for many as long as for a few pairs; but what watching them costs
    /// grows with the square of their number.
    var largestBatch: Int {
        guard context.earlierLedgers.isEmpty else { return BatchPace.largest }
        return glances ? 50 : 35
    }

    private var glances: Bool { context.lease == nil || expectsPeace }

    func take(_ listing: Listing<RewriteItem>) -> [RewriteItem] {
        found.note(listing)
        for key in listing.held { heldKeys.add(key) }
        return listing.items
    }

    func weight(of item: RewriteItem) -> Int { item.memory }

    func goOn(behind items: Int) {
        progress.processedItems = items
        found.earlier = items
    }

    func hold(_ item: RewriteItem, reason: String) {
        hold(item.key, reason: reason)
        progress.failedItems += 1
        progress.processedItems += 1
    }

    func measured(exactly item: RewriteItem) async throws -> RewriteItem? {
        let size = try await KeySizes.counted(of: [item.key], on: context.keyspace)[0]
        guard size <= context.limits.keyBytes else {
            hold(item, reason: "tooLarge")
            return nil
        }
        return item.with(memory: size)
    }

    func giveUp(_ item: RewriteItem) {
        found.hot += 1
        hold(item.key, reason: "hot")
    }

    private func hold(_ key: Bytes, reason: String, _ stored: StoredField? = nil) {
        found.held.add(key, reason: reason, field: stored?.field)
        heldKeys.add(HeldKey(key, reason: reason, stored: stored))
    }

    func tellOfHeldKeys() async throws {
        try await heldKeys.flush()
    }

    // MARK: One batch

    /// Not in a cluster, whose hashes are in many slots, nor where the names of fields must be asked before the look.
    func look(at batch: [RewriteItem]) -> BatchLook<RewriteItem>? {
        guard !context.keyspace.isCluster else { return nil }
        if glances { return glance(at: batch) }
        guard !hasSeenFieldEnds else { return nil }
        var decided: [DecidedRewrite] = []
        return BatchLook(items: batch, look: transaction(of: batch)) { [self] replies in
            decided = try decide(batch, replies)
            return commands(for: decided)
        } finish: { [self] outcome in
            switch outcome {
            case .committed, .nothingToDo: finish(decided)
            case .changed, .redirected: break
            }
        }
    }

    /// A look that watches nothing: enough for hashes that are as they should be, and for a plan. What is to be written is
    /// looked at again, in one atomic look.
    private func glance(at batch: [RewriteItem]) -> BatchLook<RewriteItem> {
        var reads = CommandBuffer(reserving: batch.count * 150)
        reader.glance(at: batch, in: &reads)
        var decided: [DecidedRewrite] = []
        let look = Fence.Look(at: batch[0].key, reads: reads, isWatched: false)
        return BatchLook(items: batch, look: look) { [self] replies in
            decided = try reader.decideOnGlance(at: batch, replies)
            notePeace(in: decided)
            return nil
        } finish: { [self] _ in
            for one in decided {
                if one.isIncomplete || context.lease != nil && one.isChange {
                    again.append(one.item)
                } else {
                    tally(one)
                }
            }
        }
    }

    /// Where more than a quarter of a batch is to be written, a whole look at the next one costs less.
    private func notePeace(in decided: [DecidedRewrite]) {
        expectsPeace = 4 * decided.count(where: \.isChange) <= decided.count
    }

    private func transaction(of group: [RewriteItem]) -> Fence.Look {
        Fence.Look(at: group[0].key, watching: group.map(\.key), reads: questions(about: group))
    }

    /// What looks could not tell, to be attempted again.
    func takeUnsettled() -> [RewriteItem] {
        defer { again = [] }
        return again
    }

    /// What the first look could not tell is asked, and then looked at once more at once.
    func attempt(_ batch: [RewriteItem]) async throws -> [RewriteItem] {
        var undone: [RewriteItem] = []
        var rest = batch
        for _ in 0..<3 where !rest.isEmpty {
            let settled = try await withDoubtsSettled(rest)
            rest = []
            if !settled.isEmpty { undone += try await attemptAtOnce(settled) }
            swap(&rest, &again)
        }
        return undone + rest
    }

    /// A name that only looked like a copy's may be an old one, or unrelated: then it is none of these.
    private func withDoubtsSettled(_ items: [RewriteItem]) async throws -> [RewriteItem] {
        let doubtful = items.filter(\.isInDoubt).map(\.key)
        guard !doubtful.isEmpty else { return items }
        return items.filter { !$0.isInDoubt } + take(try await lister.settled(doubtful, on: context.keyspace))
    }

    private func attemptAtOnce(_ batch: [RewriteItem]) async throws -> [RewriteItem] {
        let batch = try await withFieldNames(batch)
        let groups = SlotGroups.of(batch, in: context.keyspace, by: \.key)
        guard let lease = context.lease else {
            var reads = RoutedCommands(for: context.keyspace)
            let counts = groups.map { group in
                let questions = questions(about: group)
                reads.add(for: group[0].key) { $0.append(contentsOf: questions) }
                return questions.count
            }
            var replies = try await context.keyspace.pipeline(reads)[...]
            for (group, count) in zip(groups, counts) {
                finish(try decide(group, replies.prefix(count)))
                replies = replies.dropFirst(count)
            }
            return []
        }
        let looks = groups.map { transaction(of: $0) }
        var decided = [[DecidedRewrite]](repeating: [], count: groups.count)
        var undone: [RewriteItem] = []
        try await context.fence(of: lease).transactions(looks, on: context.keyspace) { [self] index, replies in
            decided[index] = try decide(groups[index], replies)
            return commands(for: decided[index])
        } finish: { [self] index, outcome in
            switch outcome {
            case .committed, .nothingToDo: finish(decided[index])
            case .changed: undone += groups[index]
            case .redirected(let error): throw error
            }
        }
        return undone
    }

    /// Where a hash has been seen whose fields end, hashes are asked by name, as pairs are.
    private func withFieldNames(_ batch: [RewriteItem]) async throws -> [RewriteItem] {
        guard hasSeenFieldEnds else { return batch }
        var commands = RoutedCommands(for: context.keyspace)
        for item in batch where !item.isOfFieldsAlone {
            commands.add(for: item.key) { commands in
                commands.expect(replyBytes: RewriteReader.replyBytes([item]))
                commands.append("HKEYS", item.key)
            }
        }
        var replies = try await context.keyspace.pipeline(commands).makeIterator()
        return try batch.map { item in
            item.with(fields: item.isOfFieldsAlone ? rewrites.fields : try FieldNames.read(replies.next()))
        }
    }

    private func finish(_ decided: [DecidedRewrite]) {
        for index in decided.indices {
            if decided[index].isIncomplete { again.append(decided[index].item) } else { tally(decided[index]) }
        }
    }

    private func questions(about items: [RewriteItem]) -> CommandBuffer {
        var reads = CommandBuffer(reserving: items.count * 150)
        reader.look(at: items, in: &reads)
        return reads
    }

    private func decide(_ batch: [RewriteItem], _ replies: Replies.SubSequence) throws -> [DecidedRewrite] {
        let (decided, mayHaveFieldEnds) = try reader.decideOnLook(at: batch, replies)
        if mayHaveFieldEnds { hasSeenFieldEnds = true }
        notePeace(in: decided)
        return decided
    }

    private func commands(for decided: [DecidedRewrite]) -> CommandBuffer {
        var commands = CommandBuffer(reserving: decided.count * 150)
        for index in decided.indices { decided[index].append(to: &commands) }
        return commands
    }

    private func tally(_ one: DecidedRewrite) {
        progress.processedItems += 1
        let place = place(of: one.item.kind)
        switch one.rewrite {
        case .done where one.isExpiring:
            counts[place].counts.expiring += 1
            progress.skippedItems += 1
        case .done:
            counts[place].counts.done += 1
            progress.skippedItems += 1
        case .change:
            counts[place].counts.changed += 1
            found.written += 1
        case .impossible(let reason, let stored):
            counts[place].counts.impossible += 1
            hold(one.item.key, reason: reason, stored)
            progress.failedItems += 1
        }
    }

    private func place(of kind: String) -> Int {
        for place in counts.indices where counts[place].kind == kind { return place }
        counts.append((kind, RewriteCounts()))
        return counts.count - 1
    }
}
