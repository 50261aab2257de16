import RedisClient

/// All keys of a database as they were once, to be put back.
struct SavedKeyspace: Sendable {
    private let keys: [(name: Bytes, expiry: Int64, payload: Bytes)]

    /// What is there now.
    init(_ connection: RedisConnection) async throws {
        var keys: [(name: Bytes, expiry: Int64, payload: Bytes)] = []
        for name in try await connection.send("KEYS", "*").elements.compactMap(\.bytes) {
            let expiry = try await connection.send("PEXPIRETIME", name).integer ?? -1
            guard let payload = try await connection.send("DUMP", name).bytes else { continue }
            keys.append((name, max(0, expiry), payload))
        }
        self.keys = keys
    }

    /// Makes the database what it was, whatever it is now.
    func restore(on connection: RedisConnection) async throws {
        var commands = CommandBuffer()
        commands.append("FLUSHALL")
        for key in keys {
            commands.append("RESTORE", key.name, Bytes(String(key.expiry)), key.payload, Bytes("ABSTTL"))
        }
        _ = try await connection.pipeline(commands).unlessError()
    }
}
