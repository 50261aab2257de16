import RedisClient

/// Finds the pairs that the keys of a page belong to.
struct KeyMoveLister: PageLister {
    let moves: any KeyMoves
    let column: Column
    let ledger: Ledger
    let limits: LiveLimits
    let copyMethod: CopyMethod
    /// How sizes are told.
    let sizes: SizeQuestion
    /// Whether nothing was copied yet, as far as is known: then no destination is expected, and the look tells of one.
    let isFirst: Bool
    /// Whether the ledger had nothing when the walk began.
    let isLedgerNew: Bool
    /// Whether what has no destination is read all the same.
    let readsUncopied: Bool
    /// Whether applications use the new names, as far as is known; see `NameDoubt`.
    let newNamesAreInUse: Bool

    /// The pairs: each once, without those that are handled where their source is found, or are too large.
    func list(_ names: [Bytes], on keyspace: any Keyspace) async throws -> Listing<Pair> {
        let digester = try Digester()
        let page = try await resolver(digester, copies: .pairs).resolve(names, on: keyspace)
        var listing = Listing<Pair>()
        listing.unrelated = page.unrelated
        listing.held = page.ambiguous.map { .ambiguous($0.name) } + page.tooLong.map { .tooLong($0) }
        listing.native = page.native
        var known: Set<KeyMove>?
        var pairs: [Pair] = []
        var memories: [Int?] = []
        func add(_ move: KeyMove, isSource: Bool, memory: Int?, hasNoEntry: Bool = false) {
            // What nobody may ask about under its new name is not brought there.
            guard move.destination.count <= NameBound.most else {
                if isSource { listing.held.append(.tooLong(move.source)) }
                return
            }
            if !isSource {
                // Most pages have none, and need no set.
                if known == nil { known = Set(pairs.map(\.move)) }
                guard known?.insert(move).inserted == true else { return }
            }
            let place = ledger.place(of: move.destination, digest: digester.nameDigest(move.destination))
            pairs.append(
                Pair(
                    move: move,
                    isSeenByDestination: !isSource,
                    hasNoEntry: hasNoEntry,
                    sourceName: digester.nameDigest(move.source),
                    ledgerKey: place.key,
                    ledgerField: place.field,
                    copyMethod: copyMethod
                )
            )
            memories.append(memory)
        }
        for (reading, memory) in page.readings where reading.isSource {
            add(reading.move, isSource: true, memory: memory)
        }
        for (reading, memory) in page.readings where !reading.isSource {
            add(reading.move, isSource: false, memory: memory)
        }
        for (move, memory) in page.others { add(move, isSource: false, memory: memory, hasNoEntry: true) }
        for (copy, _) in page.copies { add(copy.move, isSource: false, memory: nil) }
        #if SEEDED_BUGS
            if SeededBug.isOn(.samplingVerify), column == .verify {
                let some = pairs.indices.filter { pairs[$0].sourceName.isMultiple(of: 10) }
                (pairs, memories) = (some.map { pairs[$0] }, some.map { memories[$0] })
            }
        #endif
        try await admit(pairs, memories, to: &listing, on: keyspace)
        return listing
    }

    /// The old names of the pairs that these names belong to, whichever of the two each is.
    func sources(of names: [Bytes], on keyspace: any Keyspace) async throws -> Listing<Bytes> {
        let page = try await resolver(Digester()).resolve(names, on: keyspace)
        var listing = Listing<Bytes>()
        listing.held = page.tooLong.map { .tooLong($0) }
        listing.items = page.readings.map(\.reading.move.source) + page.ambiguous.map(\.name)
        for name in page.unrelated {
            let sources = sourcesByName(of: name)
            if sources.isEmpty { listing.unrelated.append(name) }
            listing.items += sources
        }
        return listing
    }

    /// The old names for which a name would be the new one, whatever its key holds: one of another type is in the way.
    private func sourcesByName(of name: Bytes) -> [Bytes] {
        let verdict: NameVerdict
        switch moves.match(name) {
        case .unrelated: return []
        case .certain(let reading): verdict = .reading(reading)
        case .open(let questions): verdict = moves.decide(name, answers: questions.map { _ in nil })
        }
        switch verdict {
        case .unrelated: return []
        case .reading(let reading): return reading.isSource ? [] : [reading.move.source]
        case .likely(_, let readings, _), .ambiguous(let readings):
            return readings.filter { !$0.isSource }.map(\.move.source)
        }
    }

    /// Those of these names that are old ones, by what their keys hold, or may be by what other records say.
    func oldNames(among names: [Bytes], on keyspace: any Keyspace) async throws -> Set<KeyName> {
        let page = try await resolver(Digester()).resolve(names, on: keyspace)
        let sure = page.readings.filter(\.reading.isSource).map { KeyName($0.reading.move.source) }
        return Set(sure + page.ambiguous.filter(\.isLikelyOld).map { KeyName($0.name) })
    }

    private func resolver(_ digester: Digester, copies: CopySieve.Purpose? = nil) -> NameResolver {
        NameResolver(
            moves: moves,
            ledger: ledger,
            digester: digester,
            copies: copies,
            newNamesAreInUse: newNamesAreInUse,
            sizes: sizes
        )
    }

    /// Asks for the other side: what is seen by its new name goes with its source where that is there; and what is too
    /// large on either side is held.
    private func admit(
        _ pairs: [Pair],
        _ memories: [Int?],
        to listing: inout Listing<Pair>,
        on keyspace: any Keyspace
    ) async throws {
        var commands = RoutedCommands(for: keyspace, reserving: pairs.count * 100)
        for (pair, memory) in zip(pairs, memories) where asksForOther(pair) {
            if pair.isSeenByDestination, memory != nil {
                commands.append("TYPE", pair.move.source)
            } else {
                sizes.ask(pair.move.destination, in: &commands)
            }
        }
        var answers = try await commands.isEmpty ? nil : keyspace.pipeline(commands).makeIterator()
        let keyBytes = limits.current.keyBytes
        for (pair, memory) in zip(pairs, memories) {
            let answer = asksForOther(pair) ? answers?.next() : nil
            var other = 0
            if pair.isSeenByDestination, memory != nil {
                let type = try answer?.unlessError()
                // Handled where the source is found; a key of another type is none.
                if type?.equals(pair.move.type.name) == true { continue }
                if pair.hasNoEntry, type?.equals("none") == true {
                    listing.native[pair.move.kind, default: 0] += 1
                    continue
                }
            } else if let answer {
                other = try sizes.bytes(answer) ?? 0
            }
            guard max(memory ?? 0, other) <= keyBytes else {
                listing.large.append(LargeKey(pair.move.source, bytes: max(memory ?? 0, other)))
                listing.held.append(.tooLarge(pair.move.source, destination: pair.move.destination))
                continue
            }
            var pair = pair
            pair.memory = (memory ?? 0) + other
            if !pair.isSeenByDestination, other == 0 {
                pair.expectsDestination = false
                pair.isMeasured = answer != nil
                pair.expectsEntry = !(isFirst && isLedgerNew)
                pair.readsSource = readsUncopied || pair.move.type != .hash
            }
            listing.items.append(pair)
        }
    }

    private func asksForOther(_ pair: Pair) -> Bool { !isFirst || pair.isSeenByDestination }

    /// The same pairs, once more: their destinations were there although none was expected.
    func measured(_ pairs: [Pair], on keyspace: any Keyspace) async throws -> Listing<Pair> {
        var commands = RoutedCommands(for: keyspace)
        for pair in pairs { sizes.ask(pair.move.destination, in: &commands) }
        let replies = try await keyspace.pipeline(commands)
        let keyBytes = limits.current.keyBytes
        var listing = Listing<Pair>()
        for (pair, reply) in zip(pairs, replies) {
            let bytes = try sizes.bytes(reply) ?? 0
            guard bytes <= keyBytes else {
                listing.large.append(LargeKey(pair.move.source, bytes: bytes))
                listing.held.append(.tooLarge(pair.move.source, destination: pair.move.destination))
                continue
            }
            var pair = pair
            pair.memory += bytes
            pair.isMeasured = true
            listing.items.append(pair)
        }
        return listing
    }
}
