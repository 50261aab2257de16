import RedisClient

/// How the size of a key is asked for.
///
/// Sizes decide which keys are too large and which are read in slices, and tell what copies take. A service without MEMORY
/// USAGE tells at least how many fields a hash has: a guess for the first two, and no estimate.
public enum SizeQuestion: Sendable, Hashable {
    /// MEMORY USAGE.
    case memory
    /// HLEN, and a guess for each field.
    case fields

    /// What a field and its value take, about: what decides is whether there are thousands of them.
    static let bytesPerField = 64

    /// Adds the question about a key.
    func ask(_ key: Bytes, in commands: inout CommandBuffer) {
        switch self {
        case .memory: commands.append("MEMORY", "USAGE", key)
        case .fields: commands.append("HLEN", key)
        }
    }

    /// The same where each key has a node of its own.
    func ask(_ key: Bytes, in commands: inout RoutedCommands) {
        switch self {
        case .memory: commands.append("MEMORY", key: key, behind: "USAGE")
        case .fields: commands.append("HLEN", key)
        }
    }

    /// About how many bytes a key takes; nil for one that is not there. Of another type than a hash nothing is known: one byte.
    func bytes(_ reply: Reply) throws -> Int? {
        switch self {
        case .memory: return try reply.bounded("MEMORY USAGE")
        case .fields:
            if let error = reply.error, error.serverCode == "WRONGTYPE" { return 1 }
            guard let count = try reply.bounded("HLEN"), count > 0 else { return nil }
            return min(count, Bounded.most / Self.bytesPerField) * Self.bytesPerField
        }
    }
}
