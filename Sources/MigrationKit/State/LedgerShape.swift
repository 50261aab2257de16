import RedisClient

/// The ledger's shape.
public struct LedgerShape: Sendable, Equatable, Codable {
    /// How many hashes it has; in a cluster each slot has so many.
    public var buckets: Int
    /// A ledger of so many hashes.
    public init(buckets: Int) {
        self.buckets = buckets
    }

    /// The most hashes that a ledger may have: enough for more pairs than one server holds.
    static let most = 1 << 28

    /// So many hashes a ledger may have on any server: they take a few megabytes.
    static let slack = 1 << 16

    /// About so many pairs share a hash.
    static let pairsPerHash = 32

    /// Reads a shape; one that no ledger has is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        buckets = try container.bounded(.buckets)
        guard (1...Self.most).contains(buckets) else {
            throw DecodingError.dataCorruptedError(
                forKey: .buckets,
                in: container,
                debugDescription: "is \(buckets), and no ledger has so many hashes"
            )
        }
    }

    /// How many hashes there are on all servers.
    func hashes(in names: KeyNames) -> Int { buckets * (names.isCluster ? Slot.count : 1) }

    /// Whether a ledger that was made once can be among so many keys: each of its hashes is one of them.
    func fits(among keys: Int, in names: KeyNames) -> Bool {
        hashes(in: names) <= keys + Self.slack
    }

    /// What is said where it does not fit, as the end of a sentence.
    func excess(over keys: Int) -> String {
        "tells of a ledger of \(buckets) hashes, which cannot be among the \(keys) keys that the server has"
    }

    /// The shape for a ledger that is to be made where so many keys are: no more hashes than their pairs fill. It holds any
    /// number of pairs, only not so fast.
    func limited(to keys: Int, in names: KeyNames) -> LedgerShape {
        let most = (keys / Self.pairsPerHash + Self.slack) / (names.isCluster ? Slot.count : 1)
        return LedgerShape(buckets: max(1, min(buckets, most)))
    }
}
