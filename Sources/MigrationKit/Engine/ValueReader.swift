import RedisClient

/// What was read of one key.
struct KeyReading {
    /// The key, with content that equals nothing where it cannot be compared; nil where there is none.
    var side: Side?
    /// By how many milliseconds its expiry may be too early.
    var slack: Int64 = 0
    /// Whether it is of another type.
    var isOtherType = false
    /// Why it cannot be compared although it is of the right type: one word for counts.
    var obstacle: String?
    /// A hash whose fields may end, field by field.
    var hash: HashContent?
    /// Whether it cannot be compared as fields that may end were not asked for by name.
    var lacksFieldEnds = false
    /// What was digested, where it is all that counts.
    var content: Reply?

    /// There is no key.
    static let absent = KeyReading()
}

/// Reads keys of one type: the commands, and what their replies say.
///
/// No read is unbounded: each asks for at most `limit` bytes or `mostElements` elements, and a key that has as many is not
/// compared. Hashes have no such command that keeps order of cost; their size is asked for before.
struct ValueReader {
    let type: ValueType
    let limit: Int
    let expiry: ExpiryReader
    /// Both sides of a pair together must stay below the connection's limit of elements in one pipeline.
    var mostElements = 1 << 21

    /// How many replies `ask` brings.
    func replyCount(_ fields: [Bytes]? = nil) -> Int {
        contentIndex + (type == .stream || type == .hash && fields?.isEmpty == false ? 2 : 1)
    }

    /// Which of the replies to `ask` is the content; of a stream, what XINFO says.
    var contentIndex: Int { expiry.replyCount }

    /// Adds the commands that read a key: its expiry, then its content, then when these fields end.
    ///
    /// Of a hash whose digest is known already it asks only whether it is one.
    func ask(_ key: Bytes, fields: [Bytes]? = nil, whole: Digest? = nil, in commands: inout CommandBuffer) {
        expiry.ask(key, in: &commands)
        // Of millions of hashes none needs it made.
        var last: Bytes { Bytes(decimal: most) }
        switch type {
        case .string: commands.append("GETRANGE", key, Bytes("0"), last)
        case .list: commands.append("LRANGE", key, Bytes("0"), last)
        case .set: commands.append("SRANDMEMBER", key, last)
        case .sortedSet: commands.append("ZRANGE", key, Bytes("0"), last, Bytes("WITHSCORES"))
        case .hash where whole != nil:
            commands.append("TYPE", key)
        case .hash:
            commands.append("HGETALL", key)
            if let fields, !fields.isEmpty {
                commands.append("HPEXPIRETIME", [key, Bytes("FIELDS"), Bytes(decimal: fields.count)] + fields)
            }
        case .stream:
            commands.append("XINFO", Bytes("STREAM"), key)
            commands.append("XRANGE", key, Bytes("-"), Bytes("+"), Bytes("COUNT"), last)
        }
    }

    /// What the replies to `ask` say. What is the same as in a reading that is `known` is not digested again.
    func read(
        _ replies: some Collection<Reply>,
        fields: [Bytes]? = nil,
        whole: Digest? = nil,
        at moment: Moment,
        known: KeyReading? = nil,
        digester: Digester
    ) throws -> KeyReading {
        guard let end = try expiry.read(replies.prefix(expiry.replyCount)) else { return .absent }
        var contents = replies.dropFirst(contentIndex).makeIterator()
        guard let content = contents.next() else {
            throw RedisError(.unexpectedReply, "A key's content was not answered.", outcome: .notExecuted)
        }
        var reading = KeyReading(side: Side(content: nil, expiry: end.end), slack: end.slack)
        if let error = content.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            reading.isOtherType = true
            return reading
        }
        if let whole {
            if content.equals("none") { return .absent }
            reading.isOtherType = !content.equals(type.name)
            reading.lacksFieldEnds = moment.mayHaveFieldEnds
            if !reading.isOtherType { reading.side?.content = whole }
            return reading
        }
        // A hash without fields does not exist: it went between the two commands.
        if type == .hash, content.count == 0 { return .absent }
        if type == .stream {
            try readStream(content, entries: contents.next(), into: &reading, digester: digester)
        } else if type == .hash, moment.mayHaveFieldEnds {
            let ends = fields?.isEmpty == false ? try contents.next()?.unlessError() : nil
            reading.hash = fields.flatMap { HashContent(content, ends: ends, of: $0, horizon: moment.horizon) }
            reading.side?.content = reading.hash.map(digester.hash)
            reading.lacksFieldEnds = reading.hash == nil
        } else if isTooLarge(content) {
            reading.obstacle = "tooLarge"
        } else {
            reading.content = content
            if let digest = known?.side?.content, known?.content?.hasContent(of: content) == true {
                reading.side?.content = digest
            } else {
                reading.side?.content = try digest(content, digester)
            }
        }
        return reading
    }

    private var most: Int {
        switch type {
        case .string: return limit
        // An entry is an array of its id and an array of its fields.
        case .stream: return min(limit, mostElements / 4)
        default: return min(limit, mostElements)
        }
    }

    private func isTooLarge(_ content: Reply) -> Bool {
        switch type {
        case .hash, .stream: return false
        case .string: return (content.withBytes(\.count) ?? 0) > most
        case .list: return content.count > most
        case .set: return content.count >= most
        case .sortedSet: return content.count > 2 * most
        }
    }

    private func digest(_ content: Reply, _ digester: Digester) throws -> Digest? {
        switch type {
        case .hash: return digester.hash(content)
        case .string: return digester.string(content)
        case .list: return digester.list(content)
        case .set: return digester.set(content)
        case .sortedSet: return try digester.sortedSet(content)
        case .stream: return nil
        }
    }

    private func readStream(
        _ info: Reply,
        entries: Reply?,
        into reading: inout KeyReading,
        digester: Digester
    ) throws {
        var fields: [String: Reply] = [:]
        var elements = info.elements
        while let name = elements.next()?.text, let value = elements.next() { fields[name] = value }
        guard let entries = try entries?.unlessError(), let lastID = fields["last-generated-id"] else {
            throw RedisError(.unexpectedReply, "XINFO STREAM names no last-generated-id.", outcome: .notExecuted)
        }
        if fields["groups"]?.integer != 0 {
            reading.obstacle = "consumerGroups"
        } else if entries.count >= most {
            reading.obstacle = "tooLarge"
        } else {
            reading.side?.content = digester.stream(entries, lastID: lastID)
        }
    }
}
