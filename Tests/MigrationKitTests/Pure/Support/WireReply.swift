import Testing

@testable import RedisClient

/// Replies as a server would send them, made by the real parser.
enum WireReply {
    /// The one reply in these bytes of the wire.
    static func parse(_ wire: Bytes) throws -> Reply {
        let parser = try ReplyParser(limits: ReplyLimits())
        try wire.withUnsafeBytes(parser.feed)
        let replies = parser.take()
        try #require(replies.count == 1)
        return replies[0]
    }

    /// The one reply in this text of the wire.
    static func parse(_ wire: String) throws -> Reply {
        try parse(Bytes(wire.utf8))
    }

    /// A bulk string.
    static func string(_ bytes: Bytes) throws -> Reply {
        try parse(bulk(bytes))
    }

    /// What HGETALL answers.
    static func hash(_ fields: [(Bytes, Bytes)]) throws -> Reply {
        var wire = Bytes("*\(2 * fields.count)\r\n".utf8)
        for (field, value) in fields { wire += bulk(field) + bulk(value) }
        return try parse(wire)
    }

    /// What HGETALL answers, for fields and values that are text.
    static func hash(_ fields: KeyValuePairs<String, String>) throws -> Reply {
        try hash(fields.map { (Bytes($0.key.utf8), Bytes($0.value.utf8)) })
    }

    /// An array of bulk strings.
    static func list(_ elements: [Bytes]) throws -> Reply {
        try parse(array(elements.map(bulk)))
    }

    /// What XRANGE answers.
    static func stream(_ entries: [(id: String, fields: [Bytes])]) throws -> Reply {
        try parse(array(entries.map { array([bulk(Bytes($0.id)), array($0.fields.map(bulk))]) }))
    }

    private static func array(_ parts: [Bytes]) -> Bytes {
        Bytes("*\(parts.count)\r\n") + parts.joined()
    }

    private static func bulk(_ bytes: Bytes) -> Bytes {
        Bytes("$\(bytes.count)\r\n".utf8) + bytes + Bytes("\r\n".utf8)
    }
}
