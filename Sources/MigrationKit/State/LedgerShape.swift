/// The ledger's shape.
public struct LedgerShape: Sendable, Equatable, Codable {
    /// How many hashes it has.
    public var buckets: Int
    /// A ledger of so many hashes.
    public init(buckets: Int) {
        self.buckets = buckets
    }

    /// The most hashes that a ledger may have: enough for more pairs than one server holds.
    static let most = 1 << 28

    /// Reads a shape; one that no ledger has is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        buckets = try container.decode(Int.self, forKey: .buckets)
        guard (1...Self.most).contains(buckets) else {
            throw DecodingError.dataCorruptedError(
                forKey: .buckets,
                in: container,
                debugDescription: "no ledger's size"
            )
        }
    }
}
