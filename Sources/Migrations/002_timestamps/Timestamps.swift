import MigrationKit
import RedisClient

/// Turns the times of tenants and destinations from RFC 3339 texts into Unix milliseconds.
public struct Timestamps: FieldRewriteMigration {
    /// The name.
    public let name = "002_timestamps"
    /// Raises to 2.
    public let version = 2
    /// For `list`.
    public let description = "Turns created_at and updated_at from RFC 3339 texts into Unix milliseconds."

    /// The migration; it has no settings.
    public init() {}

    /// The two fields of tenants and destinations.
    public func rewrites(in names: KeyNames) -> any FieldRewrites {
        TimestampRewrites(moves: HashTagMoves(root: names.data("tenant:")))
    }
}

/// What becomes of `created_at` and `updated_at`: a number stays, a timestamp is converted, nothing stays nothing, and
/// anything else is held.
struct TimestampRewrites: FieldRewrites {
    let moves: any KeyMoves
    let kinds: Set<String> = ["tenant", "destination"]
    let fields = [Bytes("created_at"), Bytes("updated_at")]

    func rewrite(_ values: [Bytes?], kind: String) -> FieldRewrite {
        var changes: [FieldChange] = []
        changes.reserveCapacity(fields.count)
        for (field, value) in zip(fields, values) {
            // An empty text is no time, to the application too.
            guard let value, !value.isEmpty, !Self.isNumber(value) else { continue }
            guard let milliseconds = RFC3339.milliseconds(value) else {
                return .impossible("notATimestamp", StoredField(field, value))
            }
            changes.append(FieldChange(field: field, value: Bytes(decimal: milliseconds)))
        }
        return changes.isEmpty ? .done : .change(changes)
    }

    /// Decimal digits that the application reads as milliseconds: a number of 64 bits.
    private static func isNumber(_ value: Bytes) -> Bool {
        let start = value.first == UInt8(ascii: "-") ? 1 : 0
        guard (1...19).contains(value.count - start) else { return false }
        for place in start..<value.count where !(48...57).contains(value[place]) { return false }
        return value.count - start < 19 || Int64(String(decoding: value, as: UTF8.self)) != nil
    }
}
