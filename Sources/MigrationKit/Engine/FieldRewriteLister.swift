import RedisClient

/// Finds the hashes of a page whose fields a migration rewrites: the new names of its kinds.
struct FieldRewriteLister: PageLister {
    let rewrites: any FieldRewrites
    /// The ledgers of earlier migrations that are not cleaned up.
    let ledgers: [Ledger]
    let limits: LiveLimits
    /// Whether hashes are watched: whether most of them are expected to be written.
    let isForWriting: Bool
    /// How sizes are told.
    var sizes = SizeQuestion.memory

    /// Without a ledger few keys have a question: others wait for a large page as long as for a page of pairs.
    var largestPage: Int { ledgers.isEmpty ? 250 : 100 }

    /// SCAN tells names in an order that puts those of a batch into one bucket of the server's table of watched keys, which
    /// every WATCH, HSET and EXEC then searches to its end. Names that are 16,000 apart share fewer bits of their hash. With
    /// entries each hash costs so much else that this is of no account; and where nothing is watched, what was listed just now is
    /// read faster.
    var mostPagesMixed: Int { isForWriting && ledgers.isEmpty ? 64 : 1 }

    func list(_ names: [Bytes], on keyspace: any Keyspace) async throws -> Listing<RewriteItem> {
        try await list(names, copies: .hashes(kinds: rewrites.kinds), on: keyspace)
    }

    /// The same of names that looked like copies, and may be none.
    func settled(_ names: [Bytes], on keyspace: any Keyspace) async throws -> Listing<RewriteItem> {
        try await list(names, copies: nil, on: keyspace)
    }

    private func list(
        _ names: [Bytes],
        copies: CopySieve.Purpose?,
        on keyspace: any Keyspace
    ) async throws -> Listing<RewriteItem> {
        let digester = try Digester()
        let resolver = NameResolver(
            moves: rewrites.moves,
            ledger: ledgers.first,
            digester: digester,
            copies: copies,
            newNamesAreInUse: true,
            prefersNewNames: true,
            sizes: sizes
        )
        let page = try await resolver.resolve(names, on: keyspace)
        var listing = Listing<RewriteItem>()
        listing.unrelated = page.unrelated
        let unclear = page.ambiguous.filter { $0.readings.contains(where: rewrites.concerns) }
        listing.held = unclear.map { .ambiguous($0.name) } + page.tooLong.map { .tooLong($0) }
        func add(_ key: Bytes, _ kind: String, memory: Int?, likely: (any LikelyCopy)? = nil) {
            // Without a ledger only fields are read and written, which takes as long in a hash of any size.
            guard !ledgers.isEmpty else {
                return listing.items.append(RewriteItem(key: key, kind: kind, likely: likely))
            }
            let memory = memory ?? 0
            guard memory <= limits.current.keyBytes else { return listing.held.append(.tooLarge(key)) }
            let name = digester.nameDigest(key)
            let places = ledgers.map { $0.place(of: key, digest: name) }
            listing.items.append(RewriteItem(key: key, kind: kind, memory: memory, places: places, likely: likely))
        }
        for (reading, memory) in page.readings where rewrites.concerns(reading) {
            add(reading.move.destination, reading.move.kind, memory: memory)
        }
        for (move, memory) in page.others where rewrites.concerns(.destination(move)) {
            add(move.destination, move.kind, memory: memory)
        }
        for (copy, memory) in page.copies { add(copy.destination, copy.kind, memory: memory, likely: copy) }
        return listing
    }
}
