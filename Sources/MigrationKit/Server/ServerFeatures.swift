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

    /// Features one by one; by default those of Redis 7.0.
    public init(copyMethod: CopyMethod = .copy, hasExpiryTime: Bool = true, hasFieldExpiry: Bool = false) {
        self.copyMethod = copyMethod
        self.hasExpiryTime = hasExpiryTime
        self.hasFieldExpiry = hasFieldExpiry
    }

    /// Asks a server; changes nothing there.
    public static func read(from connection: RedisConnection, names: KeyNames) async throws -> ServerFeatures {
        var commands = CommandBuffer()
        commands.append("COMMAND", [Bytes("INFO")] + asked.map { Bytes($0) })
        // Of a key to itself it does nothing, and is refused before that where it is forbidden.
        commands.append("COPY", names.epoch, names.epoch)
        let replies = try await connection.pipeline(commands)
        let known = try await replies[0].error == nil ? listed(replies[0]) : probed(on: connection)
        var features = ServerFeatures(
            hasExpiryTime: known.contains("PEXPIRETIME"),
            hasFieldExpiry: known.isSuperset(of: ["HPEXPIRETIME", "HPEXPIREAT"])
        )
        let copies = known.contains("COPY") && !isForbidden(replies[1])
        if !copies, try await restores(on: connection, names: names) { features.copyMethod = .restore }
        return features
    }

    private static let asked = ["COPY", "PEXPIRETIME", "HPEXPIRETIME", "HPEXPIREAT"]

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

    /// Whether DUMP and RESTORE may take COPY's place; where they may not, an error is to name COPY.
    private static func restores(on connection: RedisConnection, names: KeyNames) async throws -> Bool {
        var commands = CommandBuffer()
        commands.append("DUMP", names.epoch)
        // No value is an empty payload: it is refused whether the key is there or not.
        commands.append("RESTORE", names.epoch, Bytes("0"), [])
        return try await connection.pipeline(commands).allSatisfy { !isForbidden($0) }
    }

    private static func isForbidden(_ reply: Reply) -> Bool {
        reply.error.map { $0.isPermission || $0.code == .unsupportedServer } ?? false
    }
}
