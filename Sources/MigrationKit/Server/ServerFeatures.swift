import RedisClient

/// What a server can do beyond Redis 6.0: told by the commands that it has, never by its version.
///
/// Valkey and others count their versions differently. Source: https://redis.io/docs/latest/commands/command-info/
public struct ServerFeatures: Sendable, Hashable {
    /// How values are copied.
    public var copyMethod: CopyMethod
    /// Whether PEXPIRETIME tells when a key expires (Redis 7.0).
    public var hasExpiryTime: Bool
    /// Whether fields of hashes can expire (Redis 7.4, Valkey 9.0).
    public var hasFieldExpiry: Bool
    /// How sizes are told.
    public var sizes = SizeQuestion.memory

    /// Features one by one; by default those of Redis 7.0.
    public init(copyMethod: CopyMethod = .copy, hasExpiryTime: Bool = true, hasFieldExpiry: Bool = false) {
        self.copyMethod = copyMethod
        self.hasExpiryTime = hasExpiryTime
        self.hasFieldExpiry = hasFieldExpiry
    }

    /// Asks a server; runs nothing there but COMMAND INFO.
    public static func read(from keyspace: any Keyspace, names: KeyNames) async throws -> ServerFeatures {
        let connection = try await keyspace.connection(for: names.epoch)
        var commands = CommandBuffer()
        commands.append("COMMAND", [Bytes("INFO")] + asked.map { Bytes($0) })
        let listing = try await connection.pipeline(commands)[0]
        let known = try await listing.error == nil ? listed(listing) : probed(on: connection)
        var features = ServerFeatures(
            hasExpiryTime: known.contains("PEXPIRETIME"),
            hasFieldExpiry: known.isSuperset(of: ["HPEXPIRETIME", "HPEXPIREAT"])
        )
        var questions = CommandBuffer()
        questions.append("MEMORY", Bytes("USAGE"), names.epoch)
        if !keyspace.isCluster { questions.append("COPY", names.epoch, names.epoch) }
        let accepted = try await accepted(questions, on: connection)
        if !accepted[0] { features.sizes = .fields }
        // In a cluster a source and its destination are in two slots, most often on two nodes.
        guard !keyspace.isCluster else {
            features.copyMethod = .restore
            return features
        }
        if !accepted[1] {
            var restore = CommandBuffer()
            restore.append("DUMP", names.epoch)
            restore.append("RESTORE", names.epoch, Bytes("0"), [])
            // Where nothing may take COPY's place, an error is to name COPY.
            if try await self.accepted(restore, on: connection).allSatisfy(\.self) { features.copyMethod = .restore }
        }
        return features
    }

    private static let asked = ["PEXPIRETIME", "HPEXPIRETIME", "HPEXPIREAT"]

    /// What COMMAND INFO says: an entry for each command asked for, null where there is none.
    private static func listed(_ reply: Reply) -> Set<String> {
        Set(zip(asked, reply.elements).filter { $1.kind == .array && $1.count > 0 }.map(\.0))
    }

    /// Where COMMAND is forbidden: a command without its arguments is refused, and the words tell whether it is known.
    private static func probed(on connection: RedisConnection) async throws -> Set<String> {
        var commands = CommandBuffer()
        for command in asked { commands.append(command) }
        let replies = try await connection.pipeline(commands)
        return Set(zip(asked, replies).filter { $1.error?.code != .unsupportedServer }.map(\.0))
    }

    /// Which commands are known and permitted: both are checked when a command is queued, and a queue can be given up.
    private static func accepted(_ commands: CommandBuffer, on connection: RedisConnection) async throws -> [Bool] {
        var queue = CommandBuffer()
        queue.append("MULTI")
        queue.append(contentsOf: commands)
        queue.append("DISCARD")
        let replies = try await connection.pipeline(queue)
        // A refused DISCARD makes EXEC refuse the whole queue, and with that it is given up too.
        if replies.last?.error != nil { _ = try? await connection.send("EXEC") }
        return replies.dropFirst().dropLast().map { reply in
            !(reply.error.map { $0.isPermission || $0.code == .unsupportedServer } ?? false)
        }
    }
}
