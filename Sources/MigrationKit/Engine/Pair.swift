import RedisClient

/// A pair on its walk, with what is computed of its names once.
struct Pair: Sendable {
    /// The pair.
    var move: KeyMove
    /// Whether it was found by its new name.
    var isSeenByDestination: Bool
    /// The first eight bytes of SHA-256 of the old name.
    var sourceName: UInt64
    /// The hash and field of its ledger entry.
    var ledgerKey: Bytes
    var ledgerField: Bytes
    /// Whether the new name's content says that it is itself an old key.
    var destinationIsSource = false
}

/// What was read of a pair, in one atomic look.
struct PairReading {
    /// What the table needs.
    var observation: PairObservation
    /// Why a side cannot be compared although it is of the right type; nil where it can.
    var obstacle: String?
    /// Whether the source is of another type than it was when it was listed.
    var isOtherType = false
    /// The fields that later migrations would set in a copy.
    var changes: [FieldChange] = []
}

/// Reads both sides and the entry of a pair.
struct PairReader {
    /// Most bytes of a key that is compared.
    let limit: Int
    let digester: Digester

    /// How many replies `ask` brings.
    func replyCount(_ pair: Pair) -> Int { 2 * reader(pair).replyCount + 1 }

    /// Adds the commands that read a pair.
    func ask(_ pair: Pair, in commands: inout CommandBuffer) {
        let reader = reader(pair)
        reader.ask(pair.move.source, in: &commands)
        reader.ask(pair.move.destination, in: &commands)
        commands.append("HMGET", pair.ledgerKey, Ledger.headerField, pair.ledgerField)
    }

    /// Adds the commands that read a destination alone.
    func askDestination(_ pair: Pair, in commands: inout CommandBuffer) {
        reader(pair).ask(pair.move.destination, in: &commands)
    }

    /// What the replies to `askDestination` say, and how many there are.
    func destination(_ pair: Pair, _ replies: some Collection<Reply>) throws -> (side: Side?, count: Int) {
        let reader = reader(pair)
        return (try reader.read(replies, digester: digester).side, reader.replyCount)
    }

    /// What the replies to `ask` say, at the server's time `now`.
    func observe(
        _ pair: Pair,
        _ replies: Replies.SubSequence,
        now: Int64,
        rewrites: [any FieldRewrites]
    ) throws -> PairReading {
        let reader = reader(pair)
        let half = reader.replyCount
        let first = replies.startIndex
        var source = try reader.read(replies[first..<first + half], digester: digester)
        // What took the old name and is of another type is not the source: that is gone.
        if pair.isSeenByDestination, case .incomparable(_, nil) = source { source = .absent }
        let destination = try reader.read(replies[first + half..<first + 2 * half], digester: digester)
        let ledger = replies[first + 2 * half]
        if ledger.error?.serverCode == "WRONGTYPE" {
            throw MigrationError.unreadable(pair.ledgerKey, "belongs to the ledger and is not a hash")
        }
        let fields = Array(try ledger.unlessError().elements)
        var observation = PairObservation(
            source: source.side,
            destination: destination.side,
            entry: fields.last?.bytes.flatMap(LedgerEntry.init),
            sourceName: pair.sourceName,
            now: now
        )
        observation.destinationIsSource = pair.destinationIsSource
        observation.deletesAreUnseen = fields.first?.isNull ?? true
        var reading = PairReading(observation: observation)
        switch (source, destination) {
        case (.incomparable(_, let reason?), _), (_, .incomparable(_, let reason?)): reading.obstacle = reason
        case (.incomparable(_, nil), _): reading.isOtherType = true
        default: break
        }
        guard !rewrites.isEmpty, pair.move.type == .hash, case .present(let side) = source else { return reading }
        var content = HashContent(replies[first + 1])
        reading.changes = content.rewrite(rewrites, kind: pair.move.kind)
        if !reading.changes.isEmpty {
            reading.observation.rewrittenSource = Side(content: digester.hash(content), expiry: side.expiry)
        }
        return reading
    }

    private func reader(_ pair: Pair) -> ValueReader { ValueReader(type: pair.move.type, limit: limit) }
}
