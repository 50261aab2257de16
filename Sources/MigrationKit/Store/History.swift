import RedisClient

/// The stream of every transition and every override.
enum History {
    /// About how many entries are kept.
    static let length = 1000

    /// Adds an entry, in the transaction of what it tells of: `event` is the kind, then each fact that is known.
    static func append(_ event: Event, names: KeyNames, to commands: inout CommandBuffer) {
        var arguments = [names.history, Bytes("MAXLEN"), Bytes("~"), Bytes(String(length)), Bytes("*")]
        arguments += [Bytes("event"), Bytes(event.kind.rawValue)]
        for (fact, value) in event.pairs { arguments += [Bytes(fact.rawValue), Bytes(value)] }
        commands.append("XADD", arguments)
    }
}
