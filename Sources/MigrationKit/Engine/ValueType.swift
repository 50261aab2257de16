import RedisClient

/// The types of keys that can be moved and compared.
///
/// Streams with consumer groups are held: their groups change unseen by WATCH. Types of modules are unrelated.
public enum ValueType: String, Sendable, Hashable, CaseIterable {
    /// A string.
    case string
    /// A list.
    case list
    /// A set.
    case set
    /// A sorted set.
    case sortedSet = "zset"
    /// A hash.
    case hash
    /// A stream.
    case stream

    /// How TYPE calls it.
    var name: Bytes { Bytes(rawValue) }
}

/// What was read of one key.
enum KeyReading {
    /// There is no key.
    case absent
    /// It is there.
    case present(Side)
    /// It is there, and cannot be compared: of another type, or for this reason.
    case incomparable(expiry: Int64?, reason: String?)

    /// The side, with content that equals nothing where it cannot be compared.
    var side: Side? {
        switch self {
        case .absent: return nil
        case .present(let side): return side
        case .incomparable(let expiry, _): return Side(content: nil, expiry: expiry)
        }
    }
}

/// Reads keys of one type: the commands, and what their replies say.
///
/// No read is unbounded: each asks for at most `limit` elements or bytes, and a key that has as many is not compared.
/// Hashes have no such command that keeps order of cost; their size is asked for before.
struct ValueReader {
    let type: ValueType
    let limit: Int

    /// How many replies `ask` brings.
    var replyCount: Int { type == .stream ? 3 : 2 }

    /// Adds the commands that read a key: its expiry, then its content.
    func ask(_ key: Bytes, in commands: inout CommandBuffer) {
        let last = Bytes(String(limit))
        commands.append("PEXPIRETIME", key)
        switch type {
        case .string: commands.append("GETRANGE", key, Bytes("0"), last)
        case .list: commands.append("LRANGE", key, Bytes("0"), last)
        case .set: commands.append("SRANDMEMBER", key, last)
        case .sortedSet: commands.append("ZRANGE", key, Bytes("0"), last, Bytes("WITHSCORES"))
        case .hash: commands.append("HGETALL", key)
        case .stream:
            commands.append("XINFO", Bytes("STREAM"), key)
            commands.append("XRANGE", key, Bytes("-"), Bytes("+"), Bytes("COUNT"), last)
        }
    }

    /// What the replies to `ask` say.
    func read(_ replies: some Collection<Reply>, digester: Digester) throws -> KeyReading {
        var next = replies.makeIterator()
        guard let expiry = try next.next()?.unlessError().integer, let content = next.next() else {
            throw RedisError(.unexpectedReply, "PEXPIRETIME did not answer a number.", outcome: .notExecuted)
        }
        if expiry == -2 { return .absent }
        let end = expiry >= 0 ? expiry : nil
        if let error = content.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return .incomparable(expiry: end, reason: nil)
        }
        switch type {
        case .hash:
            // A hash without fields does not exist: it went between the two commands.
            return content.count == 0 ? .absent : .present(Side(content: digester.hash(content), expiry: end))
        case .string:
            let isCut = (content.withBytes(\.count) ?? 0) > limit
            return isCut ? tooLarge(end) : .present(Side(content: digester.string(content), expiry: end))
        case .list:
            return content.count > limit ? tooLarge(end) : .present(Side(content: digester.list(content), expiry: end))
        case .set:
            return content.count >= limit ? tooLarge(end) : .present(Side(content: digester.set(content), expiry: end))
        case .sortedSet:
            guard content.count <= 2 * limit else { return tooLarge(end) }
            return .present(Side(content: try digester.sortedSet(content), expiry: end))
        case .stream:
            return try stream(content, entries: next.next(), expiry: end, digester: digester)
        }
    }

    private func stream(_ info: Reply, entries: Reply?, expiry: Int64?, digester: Digester) throws -> KeyReading {
        var fields: [String: Reply] = [:]
        var elements = info.elements
        while let name = elements.next()?.text, let value = elements.next() { fields[name] = value }
        guard let entries = try entries?.unlessError(), let lastID = fields["last-generated-id"] else {
            throw RedisError(.unexpectedReply, "XINFO STREAM names no last-generated-id.", outcome: .notExecuted)
        }
        guard fields["groups"]?.integer == 0 else { return .incomparable(expiry: expiry, reason: "consumerGroups") }
        guard entries.count < limit else { return tooLarge(expiry) }
        return .present(Side(content: digester.stream(entries, lastID: lastID), expiry: expiry))
    }

    private func tooLarge(_ expiry: Int64?) -> KeyReading { .incomparable(expiry: expiry, reason: "tooLarge") }
}
