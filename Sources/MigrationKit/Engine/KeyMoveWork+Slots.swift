import RedisClient

/// A batch whose sources and destinations are in many slots, most often on different nodes.
///
/// Sources are read first, each in one atomic look; then each destination's slot has a transaction that looks at the
/// destination and its entry, and writes. What was read of a source is exactly what is copied and noted, so a source
/// that changes meanwhile is found changed by the next walk. A source is removed in a transaction of its own slot, which
/// reads it again; its entry is marked before and forgotten after. One that turned out to have changed loses its mark
/// again: a mark that stays means that the removal may have come to pass.
extension KeyMoveWork {
    func attemptAcrossSlots(_ batch: [Pair]) async throws -> [Pair] {
        let sources = try await readSources(of: batch)
        let groups = SlotGroups.of(Array(batch.indices), in: context.keyspace) { batch[$0].move.destination }
        let looks = groups.map { group in
            Fence.Look(
                at: batch[group[0]].move.destination,
                watching: group.map { batch[$0].move.destination },
                reads: questions(about: group.map { batch[$0] })
            )
        }
        guard let lease = context.lease else {
            var reads = RoutedCommands(for: context.keyspace)
            for look in looks { reads.add(for: look.key) { $0.append(contentsOf: look.reads) } }
            var replies = try await context.keyspace.pipeline(reads)[...]
            for (group, look) in zip(groups, looks) {
                finish(try decide(group, of: batch, sources: sources, replies.prefix(look.reads.count)))
                replies = replies.dropFirst(look.reads.count)
            }
            return []
        }
        var decided = [[DecidedPair]](repeating: [], count: groups.count)
        var done: [DecidedPair] = []
        var undone: [Pair] = []
        removingWithoutDestination = 0
        try await context.fence(of: lease).transactions(looks, on: context.keyspace) { [self] index, replies in
            decided[index] = try decide(groups[index], of: batch, sources: sources, replies)
            removingWithoutDestination += decided[index].count(where: \.removesWithoutDestination)
            return writer.commands(for: decided[index])
        } finish: { [self] index, outcome in
            switch outcome {
            case .committed(let result):
                try writer.check(result, of: decided[index])
                done += decided[index]
            case .nothingToDo:
                done += decided[index]
            case .changed:
                removingWithoutDestination -= decided[index].count(where: \.removesWithoutDestination)
                undone += groups[index].map { batch[$0] }
            case .redirected(let error):
                throw error
            }
        }
        let (sure, doubtful) = try await withoutDoubt(done)
        let removals = sure.filter { $0.ruling.action == .removeSource }
        let kept = try await removeSources(of: removals, under: lease)
        removingWithoutDestination = 0
        finish(sure.filter { !kept.contains($0.pair.move.source) })
        return undone + doubtful + removals.map(\.pair).filter { kept.contains($0.move.source) }
    }

    private func questions(about pairs: [Pair]) -> CommandBuffer {
        var reads = CommandBuffer()
        reader.header.ask(in: &reads)
        reads.expect(replyBytes: reader.replyBytes(pairs))
        for pair in pairs {
            reader.askDestination(pair, in: &reads)
            reader.askEntry(pair, in: &reads)
        }
        return reads
    }

    /// The replies about each source, as if it had been asked alone.
    private func readSources(of pairs: [Pair]) async throws -> [[Reply]] {
        var commands = RoutedCommands(for: context.keyspace)
        for pair in pairs {
            commands.add(for: pair.move.source) { commands in
                commands.expect(replyBytes: reader.replyBytes([pair]))
                commands.append("MULTI")
                reader.askSource(pair, in: &commands)
                commands.append("EXEC")
            }
        }
        let replies = try await context.keyspace.pipeline(commands)
        var next = replies.startIndex
        return try pairs.map { pair in
            let end = next + reader.sourceReplyCount(pair) + 2
            defer { next = end }
            // A command that was refused at queue time is the cause; EXECABORT follows from it.
            if let error = replies[next..<end].lazy.compactMap(\.error).first { throw error }
            let answers = Array(replies[end - 1].elements)
            guard answers.count == end - next - 2 else {
                throw RedisError(
                    .unexpectedReply,
                    "EXEC did not answer for each of its commands.",
                    outcome: .notExecuted
                )
            }
            return answers
        }
    }

    /// Puts what was read of the sources before what was read of the destinations, as the reader expects it.
    private func decide(
        _ group: [Int],
        of batch: [Pair],
        sources: [[Reply]],
        _ replies: Replies.SubSequence
    ) throws -> [DecidedPair] {
        var next = replies.startIndex + reader.header.replyCount
        var gathered = Array(replies[..<next])
        for index in group {
            let count = reader.replyCount(batch[index]) - reader.sourceReplyCount(batch[index])
            gathered += sources[index]
            gathered += replies[next..<next + count]
            next += count
        }
        return try decide(group.map { batch[$0] }, Replies(gathered: gathered)[...])
    }

    /// Divides off the conflicts whose source has changed since it was read: they may be none.
    private func withoutDoubt(_ decided: [DecidedPair]) async throws -> (sure: [DecidedPair], doubtful: [Pair]) {
        let conflicts = decided.filter { [.conflict, .wrong].contains($0.ruling.finding) }
        guard !conflicts.isEmpty else { return (decided, []) }
        let again = try await readSources(of: conflicts.map(\.pair))
        var changed = Set<Bytes>()
        for (one, replies) in zip(conflicts, again) {
            let isStill = try reader.sourceIsStill(one.source, of: one.pair, since: one.moment, replies)
            if !isStill { changed.insert(one.pair.move.source) }
        }
        let doubtful = decided.filter { changed.contains($0.pair.move.source) }
        return (decided.filter { !changed.contains($0.pair.move.source) }, doubtful.map(\.pair))
    }

    /// Removes the sources that are still what was seen of them, then forgets their entries; returns those that are not.
    private func removeSources(of removals: [DecidedPair], under lease: Lease) async throws -> Set<Bytes> {
        guard !removals.isEmpty else { return [] }
        let fence = context.fence(of: lease)
        let groups = SlotGroups.of(removals, in: context.keyspace) { $0.pair.move.source }
        let looks = groups.map { group in
            var reads = CommandBuffer()
            reads.expect(replyBytes: reader.replyBytes(group.map(\.pair)))
            for one in group { reader.askSource(one.pair, in: &reads) }
            return Fence.Look(at: group[0].pair.move.source, watching: group.map(\.pair.move.source), reads: reads)
        }
        var kept = Set<Bytes>()
        var chosen = [[DecidedPair]](repeating: [], count: groups.count)
        try await fence.transactions(looks, on: context.keyspace) { [self] index, replies in
            var next = replies.startIndex
            var commands = CommandBuffer()
            chosen[index] = []
            for one in groups[index] {
                let end = next + reader.sourceReplyCount(one.pair)
                let isStill = try reader.sourceIsStill(one.source, of: one.pair, since: one.moment, replies[next..<end])
                next = end
                guard isStill, one.source?.content != nil else {
                    kept.insert(one.pair.move.source)
                    continue
                }
                chosen[index].append(one)
                commands.append("UNLINK", one.pair.move.source)
            }
            return commands.isEmpty ? nil : commands
        } finish: { index, outcome in
            switch outcome {
            case .committed(let result):
                guard result.elements.allSatisfy({ $0.integer == 1 }) else {
                    throw RedisError(
                        .partlyExecuted,
                        "UNLINK did nothing in a transaction that watched its keys.",
                        outcome: .unknown
                    )
                }
            case .nothingToDo: break
            case .changed: for one in groups[index] { kept.insert(one.pair.move.source) }
            case .redirected(let error): throw error
            }
        }
        let done = removals.filter { !kept.contains($0.pair.move.source) }.map(\.pair)
        let writer = writer
        try await updateEntries(of: done, at: \.move.destination, by: fence) { writer.forget($0, in: &$1) }
        let undone = removals.filter { kept.contains($0.pair.move.source) && $0.entry?.isRemoving != true }
        try await updateEntries(of: undone, at: \.pair.move.destination, by: fence) { writer.unmark($0, in: &$1) }
        return kept
    }

    private func updateEntries<Item: Sendable>(
        of items: [Item],
        at destination: @Sendable (Item) -> Bytes,
        by fence: Fence,
        _ write: @escaping (Item, inout CommandBuffer) -> Void
    ) async throws {
        guard !items.isEmpty else { return }
        let groups = SlotGroups.of(items, in: context.keyspace, by: destination)
        let looks = groups.map { Fence.Look(at: destination($0[0])) }
        try await fence.transactions(looks, on: context.keyspace) { index, _ in
            var commands = CommandBuffer()
            for item in groups[index] { write(item, &commands) }
            return commands
        } finish: { _, outcome in
            if case .redirected(let error) = outcome { throw error }
        }
    }
}

extension DecidedPair {
    /// Whether its source goes although its destination was deleted.
    var removesWithoutDestination: Bool {
        pairClass == .destinationMissing && ruling.action == .removeSource
    }
}
