import RedisClient

/// The types of keys that can be moved and compared.
///
/// Streams with consumer groups are held: their groups change unseen by WATCH. Types of modules are unrelated.
public enum ValueType: String, Sendable, Hashable, CaseIterable {
    /// A string.
    case string
    /// A list.
    case list
    /// A set.
    case set
    /// A sorted set.
    case sortedSet = "zset"
    /// A hash.
    case hash
    /// A stream.
    case stream

    /// How TYPE calls it.
    var name: StaticString {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        case .stream: "stream"
        }
    }
}
