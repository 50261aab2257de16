import RedisClient
import Synchronization

/// Loops that run side by side, one on each connection's own thread, so that nothing changes threads between two requests.
///
/// What the loops share they touch only in turn: while one decides, the server works for the others.
enum SideBySide {
    /// One loop's connection, and its place among the others.
    struct Lane {
        /// Which of the connections it is.
        let index: Int
        fileprivate let connection: RedisConnection
        fileprivate let turns: Turns

        /// Sends a pipeline and waits for its replies.
        func exchange(_ commands: CommandBuffer, answered: inout Duration) throws -> Replies {
            let began = ContinuousClock.now
            defer { answered = began.duration(to: .now) }
            // The loop runs on this connection's thread.
            return try connection.assumeIsolated { try $0.pipeline(commands) }
        }

        /// Runs a function while no other loop is in turn.
        ///
        /// Errors: `Broken` where another loop has failed.
        func inTurn<Result>(_ body: () throws -> Result) throws -> Result {
            try turns.take(body)
        }
    }

    /// Another loop has failed, which ends this one too.
    struct Broken: Error {}

    /// Runs a loop on each connection until all have returned; throws what the first that failed has thrown.
    static func run(on connections: [RedisConnection], _ loop: @escaping (Lane) throws -> Void) async throws {
        let turns = Turns()
        let shared = Shared(loop)
        let start: @Sendable (Int, RedisConnection) async throws -> Void = { index, connection in
            try await connection.perform { connection in
                do {
                    try shared.loop(Lane(index: index, connection: connection, turns: turns))
                } catch {
                    turns.end()
                    if !(error is Broken) { throw error }
                }
            }
        }
        guard connections.count > 1 else { return try await start(0, connections[0]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, connection) in connections.enumerated() {
                group.addTask { try await start(index, connection) }
            }
            try await group.waitForAll()
        }
    }

    /// One turn at a time, until one has failed.
    fileprivate final class Turns: Sendable {
        private let isBroken = Mutex(false)

        func take<Result>(_ body: () throws -> Result) throws -> Result {
            try isBroken.withLock { isBroken in
                if isBroken { throw Broken() }
                do {
                    return try body()
                } catch {
                    isBroken = true
                    throw error
                }
            }
        }

        func end() {
            isBroken.withLock { $0 = true }
        }
    }

    /// What is shared by the loops, which touch it in turn.
    private struct Shared: @unchecked Sendable {
        let loop: (Lane) throws -> Void

        init(_ loop: @escaping (Lane) throws -> Void) {
            self.loop = loop
        }
    }
}
