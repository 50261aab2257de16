import RedisClient
import Synchronization

/// One server, to which commands go along with the next pipeline that is sent: they cost no round trip of their own.
final class RequestAlong: Keyspace {
    private let connection: RedisConnection
    private let state: Mutex<(commands: CommandBuffer?, replies: Replies?)>

    /// Commands that wait for a pipeline to go with.
    init(_ commands: CommandBuffer, on connection: RedisConnection) {
        self.connection = connection
        state = Mutex((commands, nil))
    }

    /// The replies to the commands; nil where no pipeline was sent.
    var replies: Replies? { state.withLock { $0.replies } }

    var options: ConnectionOptions { connection.options }
    var isCluster: Bool { false }
    var isClosed: Bool { get async { await connection.isClosed } }

    func pipeline(_ commands: RoutedCommands) async throws -> Replies {
        guard let along = state.withLock({ $0.commands.take() }) else { return try await connection.pipeline(commands) }
        var all = commands
        all.add(for: []) { $0.append(contentsOf: along) }
        let replies = try await connection.pipeline(all)
        let (first, others) = replies.split(at: replies.count - along.count)
        state.withLock { $0.replies = others }
        return first
    }

    func connection(for key: Bytes) -> RedisConnection { connection }
    func masters() -> [KeyspaceMaster] { connection.masters() }
    func refresh() async { await connection.refresh() }
    func reopen() async throws -> [LostConnection] { try await connection.reopen() }
    func close() async { await connection.close() }

    func another(
        for key: Bytes,
        _ adjust: @Sendable (inout ConnectionOptions) -> Void
    ) async throws -> RedisConnection {
        try await connection.another(for: key, adjust)
    }
}
