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

/// Reads both sides and the entry of a pair.
enum PairReader {
    /// How many replies `questions` brings.
    static let replyCount = 5

    /// Adds the commands that read a pair.
    static func ask(_ pair: Pair, in commands: inout CommandBuffer) {
        commands.append("HGETALL", pair.move.source)
        commands.append("PEXPIRETIME", pair.move.source)
        commands.append("HGETALL", pair.move.destination)
        commands.append("PEXPIRETIME", pair.move.destination)
        commands.append("HMGET", pair.ledgerKey, Ledger.headerField, pair.ledgerField)
    }

    /// What the replies to `ask` say, at the server's time `now`.
    static func observe(
        _ pair: Pair,
        _ replies: Replies.SubSequence,
        now: Int64,
        digester: Digester,
        rewrites: [any FieldRewrites] = []
    ) throws -> (observation: PairObservation, changes: [FieldChange]) {
        let first = replies.startIndex
        let source = try side(replies[first], expiry: replies[first + 1], digester: digester)
        let destination = try side(replies[first + 2], expiry: replies[first + 3], digester: digester)
        if replies[first + 4].error?.serverCode == "WRONGTYPE" {
            throw MigrationError.unreadable(pair.ledgerKey, "belongs to the ledger and is not a hash")
        }
        let fields = Array(try replies[first + 4].unlessError().elements)
        let entry = fields.last?.bytes.flatMap(LedgerEntry.init)
        var observation = PairObservation(
            source: source,
            destination: destination,
            entry: entry,
            sourceName: pair.sourceName,
            now: now
        )
        observation.destinationIsSource = pair.destinationIsSource
        observation.deletesAreUnseen = fields.first?.isNull ?? true
        guard !rewrites.isEmpty, let source, source.content != nil else { return (observation, []) }
        var content = HashContent(replies[first])
        let changes = content.rewrite(rewrites, kind: pair.move.kind)
        if !changes.isEmpty {
            observation.rewrittenSource = Side(content: digester.hash(content), expiry: source.expiry)
        }
        return (observation, changes)
    }

    /// A side from HGETALL and PEXPIRETIME; nil when there is no key.
    static func side(_ content: Reply, expiry: Reply, digester: Digester) throws -> Side? {
        guard let milliseconds = try expiry.unlessError().integer else {
            throw RedisError(.unexpectedReply, "PEXPIRETIME did not answer a number.", outcome: .notExecuted)
        }
        let end = milliseconds >= 0 ? milliseconds : nil
        if let error = content.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return Side(content: nil, expiry: end)
        }
        // A hash without fields does not exist.
        guard content.count > 0 else { return nil }
        return Side(content: digester.hash(content), expiry: end)
    }
}
