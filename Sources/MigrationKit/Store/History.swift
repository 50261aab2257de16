import RedisClient

/// The stream of every transition and every override.
enum History {
    /// About how many entries are kept.
    static let length = 1000

    /// Adds an entry, in the transaction of what it tells of.
    static func append(_ fields: [(String, String)], names: KeyNames, to commands: inout CommandBuffer) {
        var arguments = [names.history, Bytes("MAXLEN"), Bytes("~"), Bytes(String(length)), Bytes("*")]
        for (name, value) in fields { arguments += [Bytes(name), Bytes(value)] }
        commands.append("XADD", arguments)
    }
}
