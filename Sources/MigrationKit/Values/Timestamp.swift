import FoundationEssentials

/// A point in time as Redis and people see it: milliseconds since 1970, UTC.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// A point by its milliseconds since 1970.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// This host's idea of the present.
    public static var now: Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// A point from its number of milliseconds.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        milliseconds = try container.decode(Int64.self)
        // Times are subtracted; what lies ten thousand years from here is no time.
        guard milliseconds.magnitude <= Bounded.most else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "is \(milliseconds), and no time")
        }
    }

    /// Writes the number of milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    /// The text of RFC 3339 with milliseconds, in UTC.
    ///
    /// The milliseconds are written as they are: as the fraction of a floating-point number some would be one less.
    public var rfc3339: String {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let seconds = remainder < 0 ? quotient - 1 : quotient
        let rest = String(remainder < 0 ? remainder + 1000 : remainder)
        let text = Date(timeIntervalSince1970: Double(seconds)).formatted(Date.ISO8601FormatStyle())
        return text.dropLast() + "." + String(repeating: "0", count: 3 - rest.count) + rest + "Z"
    }

    /// The same without the fraction, as Outpost writes its times.
    public var rfc3339InSeconds: String { rfc3339.prefix { $0 != "." } + "Z" }

    /// Whether one lies before the other.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// The time from one to the other.
    public func duration(to other: Timestamp) -> Duration { .milliseconds(other.milliseconds - milliseconds) }
}
