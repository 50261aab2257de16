import RedisClient

/// A hash on its walk, with the places of its entries in the ledgers of earlier migrations.
struct RewriteItem {
    /// The key.
    var key: Bytes
    /// What it holds.
    var kind: String
    /// How many bytes it took when it was listed.
    var memory = 0
    /// The names of its fields that matter; nil where they were not asked for, since no field ends.
    var fields: [Bytes]?
    /// Where each earlier ledger keeps its entry.
    var places: [(key: Bytes, field: Bytes)]
}

/// Finds the hashes of a page whose fields a migration rewrites: the new names of its kinds.
struct FieldRewriteLister: PageLister {
    let rewrites: any FieldRewrites
    /// The ledgers of earlier migrations that are not cleaned up.
    let ledgers: [Ledger]
    let limits: LiveLimits

    func list(_ names: [Bytes], on keyspace: any Keyspace) async throws -> Listing<RewriteItem> {
        let digester = try Digester()
        let resolver = NameResolver(
            moves: rewrites.moves,
            ledger: ledgers.first,
            digester: digester,
            copies: .hashes(kinds: rewrites.kinds),
            prefersNewNames: true
        )
        let page = try await resolver.resolve(names, on: keyspace)
        var listing = Listing<RewriteItem>()
        listing.unrelated = page.unrelated
        listing.held = page.ambiguous.filter { $0.readings.contains(where: concerns) }.map { .ambiguous($0.name) }
        var found = page.readings.filter { concerns($0.reading) }.map { ($0.reading.move, $0.memory) }
        found += page.others.filter { concerns(.destination($0.move)) }
        found += page.copies.map { ($0.move, $0.memory ?? 0) }
        for (move, memory) in found {
            let key = move.destination
            guard memory <= limits.current.keyBytes else {
                listing.held.append(.tooLarge(key))
                continue
            }
            let name = digester.nameDigest(key)
            listing.items.append(
                RewriteItem(
                    key: key,
                    kind: move.kind,
                    memory: memory,
                    places: ledgers.map { $0.place(of: key, digest: name) }
                )
            )
        }
        return listing
    }

    private func concerns(_ reading: NameReading) -> Bool {
        !reading.isSource && rewrites.kinds.contains(reading.move.kind)
    }
}
