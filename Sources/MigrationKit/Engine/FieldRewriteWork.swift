import RedisClient

/// A hash on its walk, with the places of its entries in the ledgers of earlier migrations.
struct RewriteItem {
    /// The key.
    var key: Bytes
    /// What it holds.
    var kind: String
    /// Where each earlier ledger keeps its entry.
    var places: [(key: Bytes, field: Bytes)]
}

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
    private let context: MigrationContext
    private let digester: Digester
    private let resolver: NameResolver
    private let expiry: ExpiryReader
    private let expiringWithin: Int64

    init(rewrites: any FieldRewrites, context: MigrationContext, total: Int) throws {
        self.rewrites = rewrites
        self.context = context
        heldKeys = HeldKeyStream(context.held)
        expiringWithin = PairObservation.expiringWithin(isCluster: context.keyspace.isCluster)
        digester = try Digester()
        expiry = ExpiryReader(isExact: context.features.hasExpiryTime)
        resolver = NameResolver(
            moves: rewrites.moves,
            ledger: context.earlierLedgers.first,
            digester: digester,
            prefersNewNames: true
        )
        progress.totalItems = total
    }

    func items(of names: [Bytes]) async throws -> [RewriteItem] {
        let page = try await resolver.resolve(names, on: context.keyspace)
        for name in page.unrelated { report.noteUnrelated(name) }
        for doubt in page.ambiguous where doubt.readings.contains(where: concerns) {
            report.ambiguous += 1
            hold(doubt.name, reason: "ambiguous")
        }
        return page.readings.filter { concerns($0.reading) }.compactMap { reading, memory in
            let key = reading.move.destination
            guard memory <= context.limits.keyBytes else {
                hold(key, reason: "tooLarge")
                return nil
            }
            let name = digester.nameDigest(key)
            return RewriteItem(
                key: key,
                kind: reading.move.kind,
                places: context.earlierLedgers.map { $0.place(of: key, digest: name) }
            )
        }
    }

    private func concerns(_ reading: NameReading) -> Bool {
        !reading.isSource && rewrites.kinds.contains(reading.move.kind)
    }

    func giveUp(_ item: RewriteItem) {
        report.hot += 1
        hold(item.key, reason: "hot")
    }

    private func hold(_ key: Bytes, reason: String) {
        report.held.add(key, reason: reason)
        heldKeys.add(HeldKey(key, reason: reason))
    }

    /// Hands over the held keys that were found and not told of yet.
    func tellOfHeldKeys() async throws {
        try await heldKeys.flush()
    }

    // MARK: One batch

    private struct Decided {
        var item: RewriteItem
        var rewrite: FieldRewrite
        var isExpiring = false
        var entries: [(key: Bytes, field: Bytes, bytes: Bytes)] = []
    }

    func attempt(_ batch: [RewriteItem]) async throws -> [RewriteItem] {
        let undone = try await attemptAtOnce(batch)
        try await tellOfHeldKeys()
        return undone
    }

    private func attemptAtOnce(_ batch: [RewriteItem]) async throws -> [RewriteItem] {
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
                tally(try decide(group, replies.prefix(count)))
                replies = replies.dropFirst(count)
            }
            return []
        }
        let looks = groups.map {
            Fence.Look(at: $0[0].key, watching: $0.map(\.key), reads: questions(about: $0))
        }
        var decided = [[Decided]](repeating: [], count: groups.count)
        var undone: [RewriteItem] = []
        try await Fence(lease).transactions(looks, on: context.keyspace) { index, replies in
            decided[index] = try decide(groups[index], replies)
            return commands(for: decided[index])
        } finish: { index, outcome in
            switch outcome {
            case .committed, .nothingToDo: tally(decided[index])
            case .changed: undone += groups[index]
            case .redirected(let error): throw error
            }
        }
        return undone
    }

    private func questions(about items: [RewriteItem]) -> CommandBuffer {
        var reads = CommandBuffer()
        reads.append("TIME")
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
        for place in item.places { commands.append("HGET", place.key, place.field) }
    }

    private func decide(_ batch: [RewriteItem], _ replies: Replies.SubSequence) throws -> [Decided] {
        var next = replies.startIndex
        let now = try ServerTime.read(replies[next]).milliseconds
        next += 1
        return try batch.compactMap { item in
            let content = next + expiry.replyCount
            defer { next = content + 1 + item.places.count }
            let ends = try expiry.read(replies[next..<content])
            // The key is gone, or became another type, since it was listed.
            guard let ends, replies[content].error?.serverCode != "WRONGTYPE" else { return nil }
            let reply = try replies[content].unlessError()
            if let end = ends.end, end - now <= expiringWithin {
                return Decided(item: item, rewrite: .done, isExpiring: true)
            }
            guard !item.places.isEmpty else {
                return Decided(item: item, rewrite: rewrites.rewrite(reply.elements.map(\.bytes), kind: item.kind))
            }
            var hash = HashContent(reply)
            let rewrite = rewrites.rewrite(hash.values(of: rewrites.fields), kind: item.kind)
            guard case .change(let changes) = rewrite else { return Decided(item: item, rewrite: rewrite) }
            let before = Side(content: digester.hash(hash), expiry: ends.end)
            hash.apply(changes)
            let after = Side(content: digester.hash(hash), expiry: before.expiry)
            var decided = Decided(item: item, rewrite: rewrite)
            for (index, place) in item.places.enumerated() {
                let stored = try replies[content + 1 + index].unlessError().bytes
                guard var entry = stored.flatMap(LedgerEntry.init),
                    entry.destination.matches(before, within: expiry.tolerance + ends.slack)
                else { continue }
                entry.destination = after
                decided.entries.append((place.key, place.field, entry.bytes))
            }
            return decided
        }
    }

    private func commands(for decided: [Decided]) -> CommandBuffer {
        var commands = CommandBuffer()
        for one in decided {
            guard case .change(let changes) = one.rewrite else { continue }
            commands.append("HSET", FieldChange.arguments(one.item.key, changes))
            for entry in one.entries { commands.append("HSET", entry.key, entry.field, entry.bytes) }
        }
        return commands
    }

    private func tally(_ decided: [Decided]) {
        for one in decided {
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
}
