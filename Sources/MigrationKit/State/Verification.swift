/// What a valid verify saw.
public struct Verification: Sendable, Equatable, Codable {
    /// When it ended, by the server's TIME.
    public var verifiedAt: Timestamp
    /// From when the soak counts: the verify, or the last catch-up that found work.
    public var soakFrom: Timestamp
    /// How many pairs it compared.
    public var comparedPairs: Int
    /// How many sources cleanup will look at.
    public var removable: Int
    /// The server it looked at.
    public var server: ServerIdentity

    /// What a verify saw.
    public init(verifiedAt: Timestamp, comparedPairs: Int, removable: Int, server: ServerIdentity) {
        self.verifiedAt = verifiedAt
        soakFrom = verifiedAt
        self.comparedPairs = comparedPairs
        self.removable = removable
        self.server = server
    }

    enum CodingKeys: String, CodingKey {
        case verifiedAt = "verified_at_ms"
        case soakFrom = "soak_from_ms"
        case comparedPairs = "compared_pairs"
        case removable, server
    }

    /// Reads what a verify saw; counts that no keyspace has are refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        verifiedAt = try container.decode(Timestamp.self, forKey: .verifiedAt)
        soakFrom = try container.decode(Timestamp.self, forKey: .soakFrom)
        comparedPairs = try container.bounded(.comparedPairs)
        removable = try container.bounded(.removable)
        server = try container.decode(ServerIdentity.self, forKey: .server)
    }
}
