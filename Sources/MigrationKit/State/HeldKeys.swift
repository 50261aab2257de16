import RedisClient

/// What a phase left alone for a person to settle.
public struct HeldKeys: Sendable, Equatable, Codable {
    /// One key and why it is held.
    public struct Sample: Sendable, Equatable, Codable {
        /// The key's name, escaped.
        public var key: String
        /// Why it is held.
        public var reason: String

        /// A sample.
        public init(key: String, reason: String) {
            self.key = key
            self.reason = reason
        }
    }

    /// How many keys are held, by reason.
    public var counts: [String: Int] = [:]
    /// At most 20 of them.
    public var samples: [Sample] = []

    /// Nothing held.
    public init() {}

    /// Reads what was held; counts that no keyspace has are refused, and samples beyond the 20th are left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        counts = container.contains(.counts) ? try container.bounded(byName: .counts) : [:]
        let all = try container.decodeIfPresent([Sample].self, forKey: .samples) ?? []
        samples = Array(all.prefix(Self.mostSamples))
    }

    private static let mostSamples = 20

    /// How many keys are held.
    public var total: Int { counts.values.reduce(0, +) }

    /// All but those that are held for one reason.
    func without(reason: String) -> HeldKeys {
        var rest = self
        rest.counts[reason] = nil
        rest.samples.removeAll { $0.reason == reason }
        return rest
    }

    /// All but those that were settled since.
    func without(_ settled: HeldKeys) -> HeldKeys {
        var rest = self
        for (reason, count) in settled.counts {
            rest.counts[reason] = rest.counts[reason].flatMap { $0 > count ? $0 - count : nil }
        }
        let names = Set(settled.samples.map(\.key))
        rest.samples.removeAll { rest.counts[$0.reason] == nil || names.contains($0.key) }
        return rest
    }

    /// Notes one more.
    mutating func add(_ key: Bytes, reason: String) {
        counts[reason, default: 0] += 1
        if samples.count < Self.mostSamples { samples.append(Sample(key: KeyText.escaped(key), reason: reason)) }
    }
}
