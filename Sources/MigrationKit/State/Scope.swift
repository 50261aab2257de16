/// What a plan covers, as far as an approval depends on it: kinds and magnitude, not exact counts.
public struct Scope: Sendable, Equatable, Codable {
    /// How many source keys of each kind there were.
    public var kinds: [String: Int]
    /// A scope of these kinds.
    public init(kinds: [String: Int]) {
        self.kinds = kinds
    }

    /// Reads a scope; counts that no keyspace has are refused, since they are reckoned with.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kinds = try container.bounded(byName: .kinds)
    }

    /// All source keys.
    public var total: Int { kinds.values.reduce(0, +) }

    /// Whether an approval of this scope also covers another: the same kinds, none more than twice as many.
    public func covers(_ other: Scope) -> Bool {
        other.kinds.allSatisfy { kind, count in
            count == 0 || (kinds[kind].map { count <= max(2 * $0, $0 + 20) } ?? false)
        }
    }
}
