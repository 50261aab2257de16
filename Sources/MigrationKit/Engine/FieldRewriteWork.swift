import RedisClient

/// What a walk does with hashes whose fields a migration rewrites.
///
/// A hash that an earlier migration copied keeps its base: where it is as that migration left it, the entry follows in
/// the same transaction, so that our own write is not taken for the application's; where it is not, the entry stays.
final class FieldRewriteWork: WalkWork {
    /// What was found and done so far.
    private(set) var report = WalkReport()
    /// How far the work is.
    var progress = Progress()

    private var heldKeys: HeldKeyStream
    private let rewrites: any FieldRewrites
    let context: MigrationContext
    private let digester: Digester
    /// Finds hashes.
    let lister: FieldRewriteLister
    private let expiry: ExpiryReader
    private let header: LookHeader
    private var hasSeenFieldEnds = false
    /// What one look could not tell and the next one will.
    private var again: [RewriteItem] = []

    init(rewrites: any FieldRewrites, context: MigrationContext, total: Int) throws {
        self.rewrites = rewrites
        self.context = context
        heldKeys = HeldKeyStream(context.held)
        header = LookHeader(
            asksForFieldEnds: context.features.hasFieldExpiry,
            expiringWithin: PairObservation.expiringWithin(isCluster: context.keyspace.isCluster)
        )
        digester = try Digester()
        expiry = ExpiryReader(isExact: context.features.hasExpiryTime, mayMove: context.keyspace.isCluster)
        lister = FieldRewriteLister(rewrites: rewrites, ledgers: context.earlierLedgers, limits: context.liveLimits)
        progress.totalItems = total
    }

    func take(_ listing: Listing<RewriteItem>) -> [RewriteItem] {
        report.note(listing)
        for key in listing.held { heldKeys.add(key) }
        return listing.items
    }

    func weight(of item: RewriteItem) -> Int { item.memory }

    func giveUp(_ item: RewriteItem) {
        report.hot += 1
        hold(item.key, reason: "hot")
    }

    private func hold(_ key: Bytes, reason: String) {
        report.held.add(key, reason: reason)
        heldKeys.add(HeldKey(key, reason: reason))
    }

    func tellOfHeldKeys() async throws {
        try await heldKeys.flush()
    }

    // MARK: One batch

    private struct Decided {
        var item: RewriteItem
        var rewrite: FieldRewrite
        var isExpiring = false
        /// Whether it tells nothing, as fields that may end were not asked for by name: it is to be looked at again.
        var isIncomplete = false
        var write = HashWrite()
        var entries: [(key: Bytes, field: Bytes, bytes: Bytes)] = []
    }

    /// Not in a cluster, whose hashes are in many slots, nor where the names of fields must be asked before the look.
    func look(at batch: [RewriteItem]) -> BatchLook<RewriteItem>? {
        guard !context.keyspace.isCluster, !hasSeenFieldEnds else { return nil }
        var decided: [Decided] = []
        return BatchLook(items: batch, look: transaction(of: batch)) { [self] replies in
            decided = try decide(batch, replies)
            return context.lease.map { _ in commands(for: decided) }
        } finish: { [self] outcome in
            switch outcome {
            case .committed, .nothingToDo: finish(decided)
            case .changed, .redirected: break
            }
        }
    }

    private func transaction(of group: [RewriteItem]) -> Fence.Look {
        Fence.Look(at: group[0].key, watching: group.map(\.key), reads: questions(about: group))
    }

    /// What looks could not tell, to be attempted again.
    func takeUnsettled() -> [RewriteItem] {
        defer { again = [] }
        return again
    }

    /// What the first look could not tell is looked at once more at once.
    func attempt(_ batch: [RewriteItem]) async throws -> [RewriteItem] {
        var undone = try await attemptAtOnce(batch)
        guard !again.isEmpty else { return undone }
        let incomplete = again
        again = []
        undone += try await attemptAtOnce(incomplete) + again
        again = []
        return undone
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
        var decided = [[Decided]](repeating: [], count: groups.count)
        var undone: [RewriteItem] = []
        try await Fence(lease).transactions(looks, on: context.keyspace) { [self] index, replies in
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
        for item in batch where !item.places.isEmpty { commands.append("HKEYS", item.key) }
        var replies = try await context.keyspace.pipeline(commands).makeIterator()
        return try batch.map { item in
            var item = item
            item.fields = item.places.isEmpty ? rewrites.fields : try FieldNames.read(replies.next())
            return item
        }
    }

    private func finish(_ decided: [Decided]) {
        for one in decided {
            if one.isIncomplete { again.append(one.item) } else { tally(one) }
        }
    }

    private func questions(about items: [RewriteItem]) -> CommandBuffer {
        var reads = CommandBuffer()
        header.ask(in: &reads)
        for item in items { ask(item, in: &reads) }
        return reads
    }

    private func ask(_ item: RewriteItem, in commands: inout CommandBuffer) {
        expiry.ask(item.key, in: &commands)
        if item.places.isEmpty {
            commands.append("HMGET", [item.key] + rewrites.fields)
        } else {
            // The digest of the whole tells whether the hash is as an earlier migration left it.
            commands.append("HGETALL", item.key)
        }
        if let fields = item.fields, !fields.isEmpty {
            commands.append("HPEXPIRETIME", [item.key, Bytes("FIELDS"), Bytes(String(fields.count))] + fields)
        }
        for place in item.places { commands.append("HGET", place.key, place.field) }
    }

    private func decide(_ batch: [RewriteItem], _ replies: Replies.SubSequence) throws -> [Decided] {
        var next = replies.startIndex + header.replyCount
        let moment = try header.read(replies[..<next])
        if moment.mayHaveFieldEnds { hasSeenFieldEnds = true }
        return try batch.compactMap { item in
            let start = next
            next += expiry.replyCount + (item.fields?.isEmpty == false ? 2 : 1) + item.places.count
            return try decide(item, replies[start..<next], at: moment)
        }
    }

    private func decide(_ item: RewriteItem, _ replies: Replies.SubSequence, at moment: Moment) throws -> Decided? {
        let content = replies.startIndex + expiry.replyCount
        let expiry = try expiry.read(replies[..<content])
        // The key is gone, or became another type, since it was listed.
        guard let expiry, replies[content].error?.serverCode != "WRONGTYPE" else { return nil }
        let reply = try replies[content].unlessError()
        if let end = expiry.end, end <= moment.horizon {
            return Decided(item: item, rewrite: .done, isExpiring: true)
        }
        var ends: Reply?
        if item.fields?.isEmpty == false { ends = try replies[content + 1].unlessError() }
        let incomplete = Decided(item: item, rewrite: .done, isIncomplete: true)
        guard !moment.mayHaveFieldEnds || item.fields != nil else { return incomplete }
        guard item.places.isEmpty else {
            var hash: HashContent? = HashContent(reply)
            if moment.mayHaveFieldEnds, let fields = item.fields {
                hash = HashContent(reply, ends: ends, of: fields, horizon: moment.horizon)
            }
            return try hash.map { try decide(item, $0, expiry, replies.suffix(item.places.count)) } ?? incomplete
        }
        var decided = Decided(item: item, rewrite: rewrites.rewrite(reply.elements.map(\.bytes), kind: item.kind))
        guard case .change(let changes) = decided.rewrite else { return decided }
        decided.write = HashWrite(changes: changes)
        for (field, end) in zip(item.fields ?? [], ends?.elements.map(\.integer) ?? []) {
            guard let end, end >= 0, changes.contains(where: { $0.field == field }) else { continue }
            decided.write.ends.append((field, end))
        }
        return decided
    }

    /// Decides on a hash of which earlier migrations may keep entries.
    private func decide(
        _ item: RewriteItem,
        _ hash: HashContent,
        _ expiry: Expiry,
        _ entries: Replies.SubSequence
    ) throws -> Decided {
        var hash = hash
        var decided = Decided(
            item: item,
            rewrite: rewrites.rewrite(hash.values(of: rewrites.fields), kind: item.kind)
        )
        guard case .change(let changes) = decided.rewrite else { return decided }
        decided.write = hash.write(changes)
        let before = Side(content: digester.hash(hash), expiry: expiry.end)
        hash.apply(changes)
        let after = Side(content: digester.hash(hash), expiry: before.expiry)
        let tolerance = self.expiry.tolerance + expiry.slack
        for (place, reply) in zip(item.places, entries) {
            let stored = try reply.unlessError().bytes
            guard var entry = stored.flatMap(LedgerEntry.init),
                entry.destination.matches(before, within: tolerance)
            else { continue }
            entry.destination = after
            decided.entries.append((place.key, place.field, entry.bytes))
        }
        return decided
    }

    private func commands(for decided: [Decided]) -> CommandBuffer {
        var commands = CommandBuffer()
        for one in decided {
            one.write.append(to: one.item.key, in: &commands)
            for entry in one.entries { commands.append("HSET", entry.key, entry.field, entry.bytes) }
        }
        return commands
    }

    private func tally(_ one: Decided) {
        progress.processedItems += 1
        var counts = report.rewrites[one.item.kind] ?? RewriteCounts()
        switch one.rewrite {
        case .done where one.isExpiring:
            counts.expiring += 1
            progress.skippedItems += 1
        case .done:
            counts.done += 1
            progress.skippedItems += 1
        case .change:
            counts.changed += 1
            report.written += 1
        case .impossible(let reason):
            counts.impossible += 1
            hold(one.item.key, reason: reason)
            progress.failedItems += 1
        }
        report.rewrites[one.item.kind] = counts
    }
}
