import RedisClient

/// A field of a hash and the value that it gets.
public struct FieldChange: Sendable, Hashable {
    /// The field.
    public var field: Bytes
    /// Its new value.
    public var value: Bytes

    /// A change of one field.
    public init(field: Bytes, value: Bytes) {
        self.field = field
        self.value = value
    }
}

/// A field of a hash and the value that it has.
public struct StoredField: Sendable, Hashable {
    /// The field.
    public var field: Bytes
    /// Its value.
    public var value: Bytes

    /// A field as it is stored.
    public init(_ field: Bytes, _ value: Bytes) {
        self.field = field
        self.value = value
    }
}

/// What becomes of one hash.
public enum FieldRewrite: Sendable, Hashable {
    /// It is as it should be.
    case done
    /// These fields change.
    case change([FieldChange])
    /// It cannot be converted, for this reason: one word for counts; and the field and its value that stand in the way.
    case impossible(String, StoredField? = nil)
}

/// Which fields of which hashes a migration rewrites: pure functions of names and values.
public protocol FieldRewrites: Sendable {
    /// How the names of the keyspace are understood; the new names of these kinds are rewritten.
    var moves: any KeyMoves { get }
    /// The kinds that are rewritten.
    var kinds: Set<String> { get }
    /// The fields that the decision needs.
    var fields: [Bytes] { get }

    /// What becomes of a hash of this kind, by the values of `fields`; nil for a field that is not there.
    func rewrite(_ values: [Bytes?], kind: String) -> FieldRewrite
}

extension FieldRewrites {
    /// Whether keys that are read so are rewritten.
    func concerns(_ reading: NameReading) -> Bool {
        concerns(reading.move.kind, isSource: reading.isSource)
    }

    /// Whether keys of a kind are rewritten, those at sources or at destinations of moves.
    func concerns(_ kind: String, isSource: Bool) -> Bool {
        !isSource && kinds.contains(kind)
    }
}
