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
}
