import RedisClient

/// What a phase left alone for a person to settle.
public struct HeldKeys: Sendable, Equatable, Codable {
    /// One key and why it is held.
    public struct Sample: Sendable, Equatable, Codable {
        /// The key's name, escaped.
        public var key: String
        /// Why it is held.
        public var reason: String
        /// The field that stands in the way, escaped, where it is one.
        public var field: String?

        /// A sample.
        public init(key: String, reason: String, field: String? = nil) {
            self.key = key
            self.reason = reason
            self.field = field
        }

        /// The key, and in which field the trouble is.
        public var text: String { field.map { "\(key), field \($0)" } ?? key }
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

    /// A few of them with their reasons, for a line: `tenant:t1 (diverged), tenant:t2 (foreign) and 3 more`.
    var sampleText: String {
        let shown = samples.prefix(5).map { "\($0.key) (\($0.reason))" }.joined(separator: ", ")
        let rest = total - min(5, samples.count)
        return rest > 0 ? "\(shown) and \(rest) more" : shown
    }

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
    mutating func add(_ key: Bytes, reason: String, field: Bytes? = nil) {
        counts[reason, default: 0] += 1
        guard samples.count < Self.mostSamples else { return }
        let field = field.map { KeyText.escaped($0, limit: 40) }
        samples.append(Sample(key: KeyText.escaped(key), reason: reason, field: field))
    }
}
