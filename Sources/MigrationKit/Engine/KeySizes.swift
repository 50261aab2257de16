import RedisClient

/// What keys take in the server.
enum KeySizes {
    /// What each takes, counted; 0 for one that is not there.
    ///
    /// MEMORY USAGE estimates by five elements unless it is told to look at all of them.
    /// Source: https://redis.io/docs/latest/commands/memory-usage/
    static func counted(of keys: [Bytes], on keyspace: any Keyspace) async throws -> [Int] {
        var commands = RoutedCommands(for: keyspace)
        for key in keys {
            commands.add(for: key) { $0.append("MEMORY", Bytes("USAGE"), key, Bytes("SAMPLES"), Bytes("0")) }
        }
        return try await keyspace.pipeline(commands).map { try $0.bounded("MEMORY USAGE") ?? 0 }
    }
}
