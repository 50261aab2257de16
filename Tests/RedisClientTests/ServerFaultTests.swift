import RedisClient
import TestSupport
import Testing

/// What a real server does to a connection when something happens to it.
@Suite("A fault of the server")
struct ServerFaultTests {
    private static let short = Duration.milliseconds(300)
    private static let prompt = Duration.seconds(10)

    /// Waits until some client is in a command that blocks.
    private func waitForBlockedClient(_ server: RedisServer) async throws {
        let observer = try await RedisConnection.open(server.options())
        try await eventually("a blocked client") {
            try await observer.send("INFO", "clients").text?.contains("blocked_clients:1") == true
        }
        await observer.close()
    }

    @Test("that delays a write beyond its deadline leaves the outcome unknown, and the connection closed")
    func pause() async throws {
        try await withRedisServer { server in
            let other = try await RedisConnection.open(server.options())
            _ = try await other.send("CLIENT", "PAUSE", "100000", "WRITE")
            let connection = try await RedisConnection.open(server.options(commandTimeout: Self.short))
            let start = ContinuousClock.now
            let error = try await failure { _ = try await connection.send("SET", "late", "1") }
            let time = ContinuousClock.now - start
            #expect(error.code == .timedOut)
            #expect(error.outcome == .unknown)
            #expect(error.isRetryable)
            #expect(time >= Self.short && time < Self.prompt)
            #expect(await connection.isClosed)
            #expect(try await other.send("EXISTS", "late").integer == 0)
            _ = try await other.send("CLIENT", "UNPAUSE")
            // Whether the write still runs is the server's affair (7.0 drops it with the client); a new one does.
            let after = try await RedisConnection.open(server.options())
            #expect(try await after.send("SET", "new", "1").text == "OK")
        }
    }

    @Test("of one pipeline with a time-out of its own counts for that one only")
    func ownTimeout() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            let error = try await failure {
                _ = try await connection.pipeline(commands(["PING"], ["BLPOP", "list", "0"]), timeout: Self.short)
            }
            #expect(error.code == .timedOut)
            #expect(error.message.contains("1 of 2 replies"))
            let patient = try await RedisConnection.open(server.options(commandTimeout: .milliseconds(1)))
            let reply = try await patient.pipeline(commands(["BLPOP", "list", "0.1"]), timeout: .seconds(20))[0]
            #expect(reply.isNull)
        }
    }

    @Test("that kills it leaves the outcome unknown, and is noticed at once")
    func kill() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options(commandTimeout: .seconds(60)))
            let idle = try await RedisConnection.open(server.options())
            async let outcome = failure { _ = try await connection.send("BLPOP", "list", "0") }
            try await waitForBlockedClient(server)
            await server.kill()
            let error = try await outcome
            #expect(error.code == .disconnected)
            #expect(error.outcome == .unknown)
            let unsent = try await failure { _ = try await idle.send("SET", "a", "1") }
            #expect(unsent.code == .disconnected)
            #expect(unsent.outcome == .notExecuted)
            let unreachable = try await failure { _ = try await RedisConnection.open(server.options()) }
            #expect(unreachable.code == .unreachable)
            #expect(unreachable.outcome == .notExecuted)
            #expect(unreachable.isConnectivity)
        }
    }

    @Test("that stops it is a silence like any other")
    func stop() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options(commandTimeout: Self.short))
            try await server.pause()
            let time = try await elapsed {
                let error = try await failure { _ = try await connection.send("SET", "a", "1") }
                #expect(error.code == .timedOut)
                #expect(error.outcome == .unknown)
            }
            #expect(time >= Self.short && time < Self.prompt)
            // The kernel still accepts connections for it: one deadline for those and for the greeting.
            var options = server.options()
            options.connectTimeout = Self.short
            let opening = try await elapsed {
                let error = try await failure { _ = try await RedisConnection.open(options) }
                #expect(error.code == .timedOut)
                #expect(error.outcome == .notExecuted)
            }
            #expect(opening >= Self.short && opening < Self.prompt)
            server.resume()
            let after = try await RedisConnection.open(server.options())
            // What was sent before the stop has run meanwhile, or will.
            try await eventually { try await after.send("EXISTS", "a").integer == 1 }
        }
    }

    @Test("by which it cuts this client off, in a call or between two, is noticed")
    func clientKill() async throws {
        try await withRedisServer { server in
            let other = try await RedisConnection.open(server.options())
            let blocked = try await RedisConnection.open(server.options())
            let blockedID = String(await blocked.id)
            async let outcome = failure { _ = try await blocked.send("BLPOP", "list", "0") }
            try await waitForBlockedClient(server)
            #expect(try await other.send("CLIENT", "KILL", "ID", blockedID).integer == 1)
            let error = try await outcome
            #expect(error.code == .disconnected)
            #expect(error.outcome == .unknown)

            let idle = try await RedisConnection.open(server.options())
            let idleID = String(await idle.id)
            #expect(try await other.send("CLIENT", "KILL", "ID", idleID).integer == 1)
            let unsent = try await failure { _ = try await idle.send("SET", "a", "1") }
            #expect(unsent.outcome == .notExecuted)
        }
    }

    @Test("by which it cuts this client off after QUIT is no fault of that reply")
    func quit() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            #expect(try await connection.send("QUIT").text == "OK")
            let error = try await failure { _ = try await connection.send("PING") }
            #expect(error.code == .disconnected)
        }
    }

    @Test("to which a value is too long is told, and lasts")
    func tooLong() async throws {
        try await withRedisServer(arguments: ["--proto-max-bulk-len", "1mb"]) { server in
            let connection = try await RedisConnection.open(server.options())
            let error = try await failure {
                _ = try await connection.send("SET", Bytes("a"), Bytes(repeating: 120, count: 8 << 20))
            }
            #expect(error.code == .server)
            #expect(error.message.hasPrefix("ERR Protocol error"))
            #expect(!error.isRetryable)
        }
    }

    @Test("that lies in its memory, or its role, passes")
    func passingErrors() async throws {
        try await withRedisServer(arguments: ["--maxmemory", "1"]) { server in
            let connection = try await RedisConnection.open(server.options())
            let full = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(full.serverCode == "OOM")
            #expect(full.isRetryable)
            _ = try await connection.send("CONFIG", "SET", "maxmemory", "0")
            _ = try await connection.send("CONFIG", "SET", "min-replicas-to-write", "1")
            let alone = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(alone.serverCode == "NOREPLICAS")
            #expect(alone.isRetryable)
            _ = try await connection.send("CONFIG", "SET", "min-replicas-to-write", "0")
            _ = try await connection.send("REPLICAOF", "127.0.0.1", "1")
            let replica = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(replica.serverCode == "READONLY")
            #expect(replica.isRetryable)
        }
    }
}
