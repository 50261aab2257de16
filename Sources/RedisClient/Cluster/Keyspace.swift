/// Where keys live: one server, or the masters of a cluster.
///
/// A conversation with WATCH belongs to one connection, and only one may be under way on each.
public protocol Keyspace: Sendable {
    /// How connections to it are made.
    var options: ConnectionOptions { get }
    /// Whether keys are spread over slots, each with a transaction of its own.
    var isCluster: Bool { get }
    /// Whether it cannot be used any more.
    var isClosed: Bool { get async }

    /// The connection to the master of a key.
    func connection(for key: Bytes) async throws -> RedisConnection

    /// All masters, in an order that stays as long as they do.
    func masters() async throws -> [KeyspaceMaster]

    /// Sends each command to the master of its key; the replies in the order of the commands.
    ///
    /// For reads only: what a moved slot did not answer is asked again.
    func pipeline(_ commands: RoutedCommands) async throws -> Replies

    /// A connection of its own to the master of a key, with other options.
    func another(for key: Bytes, _ adjust: @Sendable (inout ConnectionOptions) -> Void) async throws -> RedisConnection

    /// Learns anew who the masters are.
    func refresh() async throws

    /// Connects once more where a failure has ended the only connection; the nodes of a cluster are connected when they are
    /// asked. Returns what was lost since the last call.
    func reopen() async throws -> [LostConnection]

    /// Ends all connections.
    func close() async
}

/// A connection that a failure has ended, and the one that took its place.
public struct LostConnection: Sendable {
    /// The number that the server knew it by; 0 where that is not known.
    public let id: Int64
    /// The connection to the same endpoint since then.
    public let successor: RedisConnection
}

/// One master of a keyspace.
public struct KeyspaceMaster: Sendable {
    /// The connection to it.
    public let connection: RedisConnection
    private let place: (map: SlotMap, node: SlotMap.Node)?

    /// The only server.
    init(_ connection: RedisConnection) {
        self.connection = connection
        place = nil
    }

    /// A node of a cluster.
    init(_ connection: RedisConnection, node: SlotMap.Node, map: SlotMap) {
        self.connection = connection
        place = (map, node)
    }

    /// The slots that are its, in order; none where there are none to tell apart.
    public var slots: [Slot] { place.map { $0.map.slots(of: $0.node) } ?? [] }

    /// Whether a key that it lists is its own, and not the remains of a slot that it lost.
    public func owns(_ key: Bytes) -> Bool {
        guard let place else { return true }
        return place.map.owner(of: Slot(of: key)) == place.node
    }
}

extension Keyspace {
    /// Whether the masters ask for no password, and got one.
    public var asksForNoPassword: Bool {
        get async {
            guard let masters = try? await masters() else { return false }
            for master in masters where await master.connection.hasSurplusPassword { return true }
            return false
        }
    }

    /// Sends one command to the master of its key, the first argument, and returns its reply, or throws its error.
    public func send(_ name: StaticString, _ key: Bytes, _ arguments: Bytes...) async throws -> Reply {
        var commands = RoutedCommands(for: self)
        commands.add(for: key) { $0.append(name, [key] + arguments) }
        return try await pipeline(commands)[0].unlessError()
    }
}

/// One server has all keys.
extension RedisConnection: Keyspace {
    /// It is one server.
    public nonisolated var isCluster: Bool { false }

    /// Itself.
    public nonisolated func connection(for key: Bytes) -> RedisConnection { self }

    /// Itself.
    public nonisolated func masters() -> [KeyspaceMaster] { [KeyspaceMaster(self)] }

    /// One pipeline.
    public func pipeline(_ commands: RoutedCommands) throws -> Replies { try pipeline(commands.commands) }

    /// Another connection to the same server.
    public nonisolated func another(
        for key: Bytes,
        _ adjust: @Sendable (inout ConnectionOptions) -> Void
    ) async throws -> RedisConnection {
        var options = options
        adjust(&options)
        return try await RedisConnection.open(options)
    }

    /// Closes it if the sentinels, where there are any, name another master by now.
    public nonisolated func refresh() async {
        await closeIfReplaced()
    }
}

extension ConnectionOptions {
    /// Opens what the options name: a server, or the cluster that it is part of.
    public func openKeyspace() async throws -> any Keyspace {
        if isCluster { return try await RedisCluster.open(self) }
        return try await RedisConnection.open(self)
    }
}
