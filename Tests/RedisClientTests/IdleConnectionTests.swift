import TestSupport
import Testing

@testable import RedisClient

@Suite("A connection that rests")
struct IdleConnectionTests {
    /// Until the server has closed all connections but those that speak.
    private func waitForIdleEnd(on server: RedisServer) async throws {
        try await eventually("the server to close what rests") {
            try await !server.cli("CLIENT", "LIST").contains("name=resting")
        }
    }

    @Test("and is closed by the server's timeout is closed before anything is asked", arguments: [false, true])
    func timeout(overTCP: Bool) async throws {
        try await withRedisServer(arguments: ["--timeout", "1"], tcp: true) { server in
            var options = server.options(clientName: "resting")
            if overTCP { options.endpoint = .tcp(host: "127.0.0.1", port: try #require(server.port)) }
            let connection = try await RedisConnection.open(options)
            #expect(await !connection.isClosed)
            try await waitForIdleEnd(on: server)
            try await eventually { await connection.isClosed }
            let error = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(error.code == .disconnected)
            #expect(error.outcome == .notExecuted)
        }
    }

    @Test(
        "over TLS and is closed by the server's timeout is closed before anything is asked",
        .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
    )
    func timeoutOverTLS() async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issueForThisHost(), by: authority)
        try await withRedisServer(arguments: ["--timeout", "1"], tls: tls) { server in
            var options = server.options(clientName: "resting")
            options.endpoint = .tcp(host: "localhost", port: try #require(server.tlsPort))
            options.tls = authority.trusted()
            let connection = try await RedisConnection.open(options)
            #expect(await !connection.isClosed)
            try await waitForIdleEnd(on: server)
            try await eventually { await connection.isClosed }
        }
    }

    @Test("and whose request is lost unanswered says so, and one that was answered in part does not")
    func unanswered() async throws {
        for (script, isUnanswered) in [("", true), ("+PO", false), ("+PONG\r\n", false)] {
            let peer = try RawPeer()
            peer.serveGreeted { socket in
                socket.read(until: "PING\r\n")
                socket.write(script)
            }
            let connection = try await RedisConnection.open(peer.options())
            let error = try await failure {
                _ = try await connection.pipeline(commands(["PING"], ["PING"]))
            }
            #expect(error.code == .disconnected)
            #expect(error.isUnanswered == isUnanswered, "\(script)")
        }
    }

    @Test("in a cluster is opened anew by whoever asks for a master or a key")
    func cluster() async throws {
        try await withCluster { cluster in
            let keyspace = try await cluster.connect()
            func cutOff() async throws {
                for server in cluster.masters { try await server.cli("CLIENT", "KILL", "TYPE", "normal") }
            }
            for master in try await keyspace.masters() { _ = try await master.connection.send("PING") }
            try await cutOff()
            for master in try await keyspace.masters() {
                #expect(try await master.connection.send("PING").text == "PONG")
            }
            try await cutOff()
            for key in ["a", "b", "c", "d"] {
                #expect(try await keyspace.connection(for: Bytes(key)).send("SET", key, "1").text == "OK")
            }
            await keyspace.close()
        }
    }
}
