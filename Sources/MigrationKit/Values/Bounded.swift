import RedisClient

/// A whole number that Redis holds or reports: a count, a size, a time.
///
/// Whoever may write into Redis chooses the numbers of stored documents, and whoever answers for a server those of its
/// replies. Within these bounds they are reckoned with: the sum of thousands of them, and a product with a percentage or
/// a thousand, are numbers too. What lies outside is none that a keyspace, a machine or a clock has.
public struct Bounded: Sendable, Hashable, Comparable {
    /// Up to 281 trillion: more keys than memory has addresses, 256 TiB, or the milliseconds of nine thousand years.
    public static let range = 0...1 << 48
    /// The largest.
    public static let most = range.upperBound

    /// The number.
    public let value: Int

    /// A number within the bounds; nil for any other.
    public init?(_ number: some BinaryInteger) {
        guard let value = Int(exactly: number), Self.range.contains(value) else { return nil }
        self.value = value
    }

    /// A number in decimal digits, without a sign and without zeros before it; nil for anything else.
    public init?(decimal text: some StringProtocol) {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0"), let number = Int(text)
        else { return nil }
        self.init(number)
    }

    /// The sum of numbers; the largest where that is more.
    static func sum(_ numbers: some Sequence<Int>) -> Int {
        numbers.reduce(0) { min(most, $0 + min(most, max(0, $1))) }
    }

    /// Whether one is less than the other.
    public static func < (left: Bounded, right: Bounded) -> Bool { left.value < right.value }
}

extension Bounded: Codable {
    /// Reads a number; for one outside the bounds the error says what stands there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self), let bounded = Bounded(number) {
            self = bounded
            return
        }
        throw DecodingError.dataCorruptedError(
            in: container,
            debugDescription: "is \(Self.shown(container)), and not a number from 0 to \(Self.most)"
        )
    }

    /// Writes the number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    private static func shown(_ container: any SingleValueDecodingContainer) -> String {
        if container.decodeNil() { return "null" }
        if let number = try? container.decode(Int64.self) { return String(number) }
        if let number = try? container.decode(UInt64.self) { return String(number) }
        if let number = try? container.decode(Double.self) { return "\(number)" }
        if let text = try? container.decode(String.self) { return "“\(KeyText.escaped(Bytes(text), limit: 40))”" }
        return "something else"
    }
}

extension KeyedDecodingContainer {
    /// The number of a field.
    func bounded(_ key: Key) throws -> Int { try decode(Bounded.self, forKey: key).value }

    /// The number of a field; nil where there is none.
    func boundedIfPresent(_ key: Key) throws -> Int? { try decodeIfPresent(Bounded.self, forKey: key)?.value }

    /// The numbers of a field by name, at most a thousand.
    func bounded(byName key: Key) throws -> [String: Int] {
        let numbers = try decode([String: Bounded].self, forKey: key)
        guard numbers.count <= 1000 else {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: self,
                debugDescription: "has \(numbers.count) names, and not 1,000 at most"
            )
        }
        return numbers.mapValues(\.value)
    }
}

extension Reply {
    /// The count or size that a command answers; nil for null.
    ///
    /// Errors: the server's own; `unexpectedReply` for what is none.
    public func bounded(_ command: String) throws -> Int? {
        let reply = try unlessError()
        if reply.isNull { return nil }
        guard let number = reply.integer, let bounded = Bounded(number) else {
            throw RedisError(
                .unexpectedReply,
                "\(command) answered \(reply.integer.map(String.init) ?? "no number"), which no server counts.",
                outcome: .notExecuted
            )
        }
        return bounded.value
    }
}
