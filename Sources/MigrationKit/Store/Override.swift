import RedisClient

/// An order of a person to all programs of a keyspace: who, when, why, and until when.
public struct Override: Sendable, Equatable, Codable {
    /// Who gave it: user and host.
    public var by: String
    /// When, RFC 3339.
    public var at: String
    /// Why, in the person's words.
    public var reason: String
    /// When it ends by itself, RFC 3339 by the server's clock; nil for never. What ends it is the key's time to live.
    public var until: String?

    /// An order of its parts.
    public init(by: String, at: String, reason: String, until: String? = nil) {
        self.by = by
        self.at = at
        self.reason = reason
        self.until = until
    }

    /// Reads an order; one that was given by hand may leave out what it likes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        by = try container.decodeIfPresent(String.self, forKey: .by) ?? "somebody"
        at = try container.decodeIfPresent(String.self, forKey: .at) ?? ""
        reason = try container.decodeIfPresent(String.self, forKey: .reason) ?? ""
        until = try container.decodeIfPresent(String.self, forKey: .until)
    }

    /// An order of which nothing is known but that it is there.
    static let unreadable = Override(by: "somebody", at: "", reason: "")

    /// Who, when, until when and why, for people: nothing that was stored reaches a terminal as it is.
    public var text: String {
        var text = KeyText.escaped(Bytes(by))
        if !at.isEmpty { text += " at \(KeyText.escaped(Bytes(at)))" }
        if let until { text += " until \(KeyText.escaped(Bytes(until)))" }
        if !reason.isEmpty { text += " (\(KeyText.escaped(Bytes(reason), limit: 500)))" }
        return text
    }
}

/// The order that another version takes the place of the configured target.
public struct Pin: Sendable, Equatable, Codable {
    /// The version wanted.
    public var version: Int
    /// Who gave the order, when, why and until when.
    public var order: Override

    /// A pin of its parts.
    public init(version: Int, order: Override) {
        self.version = version
        self.order = order
    }

    enum CodingKeys: String, CodingKey {
        case version
    }

    /// Reads a pin: the order's fields and the version in one object.
    public init(from decoder: any Decoder) throws {
        version = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .version)
        guard (0...1_000_000).contains(version) else {
            throw DecodingError.dataCorrupted(.init(codingPath: [CodingKeys.version], debugDescription: "no version"))
        }
        order = try Override(from: decoder)
    }

    /// Writes one object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(version, forKey: .version)
        try order.encode(to: encoder)
    }
}

/// The order to forget failures, which each program follows once.
public struct RetryOrder: Sendable, Equatable, Codable {
    /// What tells it from the order before.
    public var id: String
    /// The migration whose failure is to be forgotten; nil for all failures.
    public var migration: String?
    /// Who gave the order, when and why.
    public var order: Override

    /// An order of its parts.
    public init(id: String, migration: String?, order: Override) {
        self.id = id
        self.migration = migration
        self.order = order
    }

    enum CodingKeys: String, CodingKey {
        case id, migration
    }

    /// Reads an order: the fields of any order and those of this one in one object.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        migration = try container.decodeIfPresent(String.self, forKey: .migration)
        order = try Override(from: decoder)
    }

    /// Writes one object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encodeIfPresent(migration, forKey: .migration)
        try order.encode(to: encoder)
    }
}
