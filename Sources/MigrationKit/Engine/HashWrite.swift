import RedisClient

/// Fields of one hash that get new values, and keep the time at which they end: HSET takes that away.
struct HashWrite {
    /// The fields with their values.
    var changes: [FieldChange] = []
    /// Those among them that end by themselves, with the time in milliseconds since 1970.
    var ends: [(field: Bytes, end: Int64)] = []

    /// Whether there is nothing to write.
    var isEmpty: Bool { changes.isEmpty }

    /// How many commands `append` adds.
    var commandCount: Int { isEmpty ? 0 : 1 + ends.count }

    /// Adds the commands. A field whose time has come meanwhile is gone after them, as it should be.
    func append(to key: Bytes, in commands: inout CommandBuffer) {
        guard !isEmpty else { return }
        commands.append("HSET", argumentCount: 1 + 2 * changes.count) { arguments in
            arguments.add(key)
            for change in changes {
                arguments.add(change.field)
                arguments.add(change.value)
            }
        }
        for (field, end) in ends {
            commands.append("HPEXPIREAT", key, Bytes(decimal: end), Bytes("FIELDS"), Bytes("1"), field)
        }
    }
}
