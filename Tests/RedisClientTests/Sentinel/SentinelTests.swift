import Foundation
import TestSupport
import Testing

@testable import RedisClient

@Suite("By sentinels")
struct SentinelTests {
    private func options(
        _ sentinels: [Endpoint],
        master: String = "main",
        password: String? = nil,
        connectTimeout: Duration = .seconds(5)
    ) -> ConnectionOptions {
        var options = ConnectionOptions(
            endpoint: .unix(path: "/nowhere"),
            database: 1,
            clientName: "test",
            connectTimeout: connectTimeout
        )
        options.sentinels = Sentinels(sentinels, master: master)
        options.sentinels?.password = SecretSource(password)
        return options
    }

    private func withSentinel(
        watching server: RedisServer,
        more lines: [String] = [],
        _ body: (SentinelProcess) async throws -> Void
    ) async throws {
        let sentinel = try await SentinelProcess.start(watching: server.port ?? 0, quorum: 9, more: lines)
        try await body(sentinel)
        await sentinel.stop()
    }

    @Test("the master is found, and the connection knows its address and who named it")
    func found() async throws {
        try await withRedisServer(tcp: true) { server in
            try await withSentinel(watching: server) { sentinel in
                let options = options([sentinel.endpoint])
                #expect("\(options)".hasPrefix("master main (of sentinels \(sentinel.endpoint))"))
                let connection = try await RedisConnection.open(options)
                #expect(try await connection.send("CLIENT", "INFO").text?.contains(" db=1 ") == true)
                #expect(connection.options.endpoint == .tcp(host: "127.0.0.1", port: server.port ?? 0))
                #expect("\(connection.options)".hasPrefix("127.0.0.1:\(server.port ?? 0), master main"))
                // What was left of the time is not what the next connection may take.
                #expect(connection.options.connectTimeout == options.connectTimeout)
            }
        }
    }

    @Test("those that are dead, silent or strangers are passed over, within the time allowed")
    func passedOver() async throws {
        let silent = try RawPeer(tcp: true)
        silent.serve { $0.waitForHangUp() }
        let stranger = try RawPeer(tcp: true)
        stranger.serve { socket in
            socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            socket.waitForHangUp()
        }
        let dead = Endpoint.tcp(host: "127.0.0.1", port: try FreePort.find())
        try await withRedisServer(tcp: true) { server in
            try await withSentinel(watching: server) { sentinel in
                // A server that is no sentinel, too.
                let plain = Endpoint.tcp(host: "127.0.0.1", port: server.port ?? 0)
                let all = [dead, silent.endpoint, stranger.endpoint, plain, sentinel.endpoint]
                let time = try await elapsed {
                    let connection = try await RedisConnection.open(options(all))
                    #expect(try await connection.send("PING").text == "PONG")
                }
                #expect(time < .seconds(5))
            }
        }
    }

    @Test("an unknown name is a mistake of ours when all of them say so")
    func unknownName() async throws {
        try await withRedisServer(tcp: true) { server in
            try await withSentinel(watching: server) { sentinel in
                let error = try await failure {
                    _ = try await RedisConnection.open(options([sentinel.endpoint], master: "mian"))
                }
                #expect(error.code == .misconfigured && !error.isRetryable && error.outcome == .notExecuted)
                #expect(error.message.contains("No usable master mian") && error.message.contains("knows no such"))
                let dead = Endpoint.tcp(host: "127.0.0.1", port: try FreePort.find())
                let unsure = try await failure {
                    _ = try await RedisConnection.open(options([sentinel.endpoint, dead], master: "mian"))
                }
                #expect(unsure.code == .unreachable && unsure.isRetryable)
            }
        }
    }

    @Test("their own password is asked for, and a wrong one is told of as such")
    func password() async throws {
        try await withRedisServer(tcp: true) { server in
            try await withSentinel(watching: server, more: ["requirepass watchword"]) { sentinel in
                let connection = try await RedisConnection.open(options([sentinel.endpoint], password: "watchword"))
                #expect(try await connection.send("PING").text == "PONG")
                for (password, code) in [(nil, "NOAUTH"), ("wrong", "WRONGPASS")] {
                    let error = try await failure {
                        _ = try await RedisConnection.open(options([sentinel.endpoint], password: password))
                    }
                    #expect(error.serverCode == code && error.isPermission, "\(error)")
                    #expect(error.message.contains("\(sentinel.endpoint)"))
                }
            }
        }
    }

    @Test("one that is behind names a dead master, or one that is none: the others are asked, and the error names both")
    func stale() async throws {
        let dead = try FreePort.find()
        try await withRedisServer(tcp: true) { master in
            let arguments = ["--replicaof", "127.0.0.1", "\(master.port ?? 0)"]
            try await withRedisServer(arguments: arguments, tcp: true) { replica in
                try await withSentinel(watching: replica) { behind in
                    let deadSentinel = try await SentinelProcess.start(watching: dead, quorum: 9)
                    let wrong = [deadSentinel.endpoint, behind.endpoint, deadSentinel.endpoint]
                    let error = try await failure { _ = try await RedisConnection.open(options(wrong)) }
                    #expect(error.code == .unreachable && error.isRetryable && error.outcome == .notExecuted)
                    #expect(error.message.contains("names 127.0.0.1:\(dead). No connection"), "\(error)")
                    #expect(error.message.contains("\(replica.port ?? 0), which is no master"), "\(error)")
                    #expect(error.message.contains("\(dead), too"), "\(error)")
                    try await withSentinel(watching: master) { right in
                        let connection = try await RedisConnection.open(options(wrong + [right.endpoint]))
                        #expect(connection.options.endpoint == .tcp(host: "127.0.0.1", port: master.port ?? 0))
                    }
                    await deadSentinel.stop()
                }
            }
        }
    }

    @Test("what the master itself refuses is told at once")
    func masterRefuses() async throws {
        try await withRedisServer(arguments: ["--requirepass", "secret"], tcp: true) { server in
            try await withSentinel(watching: server) { sentinel in
                let error = try await failure { _ = try await RedisConnection.open(options([sentinel.endpoint])) }
                #expect(error.serverCode == "NOAUTH" && error.isPermission)
            }
        }
    }

    @Test(
        "they speak TLS where the server does",
        .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
    )
    func encrypted() async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issueForThisHost(), by: authority)
        try await withRedisServer(tls: tls) { server in
            let sentinel = try await SentinelProcess.start(watching: server.tlsPort ?? 0, quorum: 9, tls: tls)
            var options = options([sentinel.endpoint])
            options.tls = authority.trusted()
            let connection = try await RedisConnection.open(options)
            #expect(try await connection.send("PING").text == "PONG")
            options.tls = TLSOptions()
            let error = try await failure { _ = try await RedisConnection.open(options) }
            #expect(error.code == .untrusted && error.message.contains("\(sentinel.endpoint)"), "\(error)")
            await sentinel.stop()
        }
    }

    @Test(
        "an answer that names no server is refused",
        arguments: [
            "*2\r\n$0\r\n\r\n$4\r\n6379\r\n", "*2\r\n$1\r\nh\r\n$1\r\n0\r\n", "*2\r\n$1\r\nh\r\n$5\r\n65536\r\n",
            "*2\r\n$1\r\nh\r\n$2\r\n-1\r\n", "*1\r\n$1\r\nh\r\n", "*3\r\n$1\r\nh\r\n$1\r\n1\r\n$1\r\n1\r\n", ":1\r\n",
            "*2\r\n$2\r\nh\n\r\n$1\r\n1\r\n", "*2\r\n:1\r\n:1\r\n", "*0\r\n", "+OK\r\n",
        ]
    )
    func answers(_ answer: String) throws {
        let parser = try ReplyParser(limits: ReplyLimits())
        try Bytes(answer).withUnsafeBytes { try parser.feed($0) }
        let reply = parser.take()[0]
        #expect(throws: RedisError.self) { try MasterSearch.server(in: reply) }
    }

    @Test("a server that answers READONLY is left, so that the next connection goes to the master")
    func readOnly() async throws {
        try await withRedisServer(tcp: true) { server in
            let connection = try await RedisConnection.open(server.options())
            _ = try await connection.send("REPLICAOF", "127.0.0.1", String(try FreePort.find()))
            let error = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(error.serverCode == "READONLY" && error.isRetryable)
            let after = try await failure { _ = try await connection.send("GET", "a") }
            #expect(after.code == .disconnected && after.outcome == .notExecuted)
            #expect(after.message.contains("is a replica"))
        }
    }

    @Test("a master that was stopped and replaced is left as soon as somebody asks, although it still answers")
    func replaced() async throws {
        try await withSentinels { servers in
            let old = servers.servers[0]
            let connection = try await RedisConnection.open(servers.options)
            await connection.refresh()
            #expect(await !connection.isClosed)
            try await old.pause()
            let master = try await servers.master(after: old)
            old.resume()
            await connection.refresh()
            #expect(await connection.isClosed)
            let next = try await RedisConnection.open(connection.options)
            #expect(next.options.endpoint == .tcp(host: "127.0.0.1", port: master.port ?? 0))
            // With nobody to ask it stays as it is.
            for sentinel in servers.sentinels { await sentinel.stop() }
            await next.refresh()
            #expect(await !next.isClosed)
        }
    }

    @Test("a failover is followed by the next connection")
    func failover() async throws {
        try await withSentinels { servers in
            let connection = try await RedisConnection.open(servers.options)
            #expect(connection.options.endpoint == .tcp(host: "127.0.0.1", port: servers.servers[0].port ?? 0))
            _ = try await connection.send("SET", "a", "1")
            _ = try await connection.send("WAIT", "2", "5000")
            await servers.servers[0].kill()
            let lost = try await failure { _ = try await connection.send("GET", "a") }
            #expect(lost.code == .disconnected)
            var next: RedisConnection?
            try await eventually(timeout: .seconds(30), "the new master") {
                next = try? await RedisConnection.open(connection.options)
                return next != nil
            }
            #expect(next?.options.endpoint != connection.options.endpoint)
            #expect(try await next?.send("GET", "a").text == "1")
            _ = try await next?.send("SET", "a", "2")
        }
    }
}
