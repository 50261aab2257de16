import TestSupport
import Testing

@testable import RedisClient

@Suite("The greeting")
struct GreetingTests {
    private static let password = "correct-horse-battery"

    @Test("lets in who has the password")
    func rightPassword() async throws {
        try await withRedisServer(arguments: ["--requirepass", Self.password]) { server in
            let connection = try await RedisConnection.open(server.options(password: Self.password))
            #expect(try await connection.send("PING").text == "PONG")
            let named = try await RedisConnection.open(server.options(username: "default", password: Self.password))
            #expect(try await named.send("PING").text == "PONG")
        }
    }

    @Test("fails for good with a wrong password or none, and tells neither")
    func wrongPassword() async throws {
        try await withRedisServer(arguments: ["--requirepass", Self.password]) { server in
            let wrong = try await failure { _ = try await RedisConnection.open(server.options(password: "guess-work")) }
            #expect(wrong.serverCode == "WRONGPASS")
            #expect(!wrong.message.contains("guess-work"))
            let missing = try await failure { _ = try await RedisConnection.open(server.options()) }
            #expect(missing.serverCode == "NOAUTH")
            let withDatabase = try await failure { _ = try await RedisConnection.open(server.options(database: 1)) }
            #expect(withDatabase.serverCode == "NOAUTH")
            for error in [wrong, missing, withDatabase] {
                #expect(error.code == .server)
                #expect(error.isPermission)
                #expect(!error.isRetryable)
                #expect(error.outcome == .notExecuted)
            }
        }
    }

    @Test("tells no password that the server did not ask for")
    func unwantedPassword() async throws {
        try await withRedisServer { server in
            let error = try await failure {
                _ = try await RedisConnection.open(server.options(username: "nobody", password: Self.password))
            }
            #expect(error.serverCode == "WRONGPASS")
            #expect(!error.message.contains(Self.password))
        }
    }

    @Test("makes the connection that of the ACL user")
    func user() async throws {
        let users = "--user bob on >builder ~* +@all --user guest on nopass ~* +@all".split(separator: " ").map(
            String.init
        )
        try await withRedisServer(arguments: users) { server in
            let bob = try await RedisConnection.open(server.options(username: "bob", password: "builder"))
            #expect(try await bob.send("ACL", "WHOAMI").text == "bob")
            // Without a password a user is still not the default user.
            let guest = try await RedisConnection.open(server.options(username: "guest"))
            #expect(try await guest.send("ACL", "WHOAMI").text == "guest")
            let nobody = try await failure { _ = try await RedisConnection.open(server.options(username: "bob")) }
            #expect(nobody.serverCode == "WRONGPASS")
        }
    }

    @Test("does without CLIENT where that is forbidden")
    func clientForbidden() async throws {
        try await withRedisServer(arguments: ["--user", "reader", "on", ">pw", "~*", "+get"]) { server in
            let connection = try await RedisConnection.open(server.options(username: "reader", password: "pw"))
            #expect(await connection.id == 0)
            #expect(try await connection.send("GET", "a").isNull)
            let error = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(error.serverCode == "NOPERM")
            #expect(error.isPermission)
        }
    }

    @Test("selects the database, and fails for good when there is none of that number")
    func database() async throws {
        try await withRedisServer { server in
            let third = try await RedisConnection.open(server.options(database: 3))
            _ = try await third.send("SET", "here", "1")
            let first = try await RedisConnection.open(server.options())
            #expect(try await first.send("EXISTS", "here").integer == 0)
            #expect(try await first.send("SELECT", "3").text == "OK")
            #expect(try await first.send("EXISTS", "here").integer == 1)
            let error = try await failure { _ = try await RedisConnection.open(server.options(database: 99)) }
            #expect(error.code == .server)
            #expect(error.message.contains("out of range"))
            #expect(!error.isRetryable)
            #expect(error.outcome == .notExecuted)
        }
    }

    @Test("hears that the server is full, whatever comes first, the error or the end", arguments: [false, true])
    func maxClients(overTCP: Bool) async throws {
        try await withRedisServer(arguments: ["--maxclients", "1"], tcp: true) { server in
            var options = server.options()
            if overTCP { options.endpoint = .tcp(host: "127.0.0.1", port: try #require(server.port)) }
            // The connection by which the helper found the server ready may be counted for a moment still.
            var first: RedisConnection?
            try await eventually {
                first = try? await RedisConnection.open(options)
                return first != nil
            }
            for _ in 0..<30 {
                let error = try await failure { _ = try await RedisConnection.open(options) }
                try #require(error.serverCode == "MAXCLIENTS", "\(error.code) \(error)")
                #expect(error.code == .server)
                #expect(error.isRetryable)
                #expect(error.outcome == .notExecuted)
            }
            #expect(try await first?.send("PING").text == "PONG")
        }
    }

    @Test("hears a server in protected mode")
    func protectedMode() async throws {
        let peer = try RawPeer()
        peer.serve { $0.write("-DENIED Redis is running in protected mode because …\r\n") }
        let error = try await failure { _ = try await RedisConnection.open(peer.options()) }
        #expect(error.serverCode == "DENIED")
        #expect(error.isPermission)
        #expect(error.outcome == .notExecuted)
    }

    private static let loading = "-LOADING Redis is loading the dataset in memory\r\n"

    @Test("gets in while the server loads, where nothing but the name depends on it")
    func loading() async throws {
        let peer = try RawPeer()
        peer.serve { socket in
            socket.read(until: "ID\r\n")
            socket.write(Self.loading + Self.loading)
            socket.readToEnd()
        }
        let connection = try await RedisConnection.open(peer.options())
        #expect(await connection.id == 0)
    }

    @Test("fails for now while the server loads and the database cannot be selected")
    func loadingSelect() async throws {
        let peer = try RawPeer()
        peer.serve { socket in
            socket.read(until: "ID\r\n")
            socket.write(Self.loading + Self.loading + Self.loading)
            socket.readToEnd()
        }
        let error = try await failure { _ = try await RedisConnection.open(peer.options(database: 2)) }
        #expect(error.serverCode == "LOADING")
        #expect(error.isRetryable)
        #expect(error.outcome == .notExecuted)
    }

    @Test("refuses what is no Redis server: an echo, a web server, one that says OK to all")
    func strangers() async throws {
        let scripts: [(RedisError.Code, @Sendable (PeerSocket) -> Void)] = [
            (
                .unexpectedReply,
                { $0.write("*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$4\r\ntest\r\n*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n") }
            ),
            (.unexpectedReply, { $0.write("+OK\r\n+OK\r\n") }),
            (.unexpectedReply, { $0.write(":1\r\n:1\r\n") }),
            (.protocolViolation, { $0.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") }),
            (.protocolViolation, { $0.write("+OK\r\n:1\r\n:2\r\n") }),
        ]
        for (code, script) in scripts {
            let peer = try RawPeer()
            peer.serve { socket in
                socket.read(until: "ID\r\n")
                script(socket)
                socket.readToEnd()
            }
            let error = try await failure { _ = try await RedisConnection.open(peer.options()) }
            #expect(error.code == code)
            #expect(error.outcome == .notExecuted)
            #expect(!error.isRetryable)
        }
    }

    @Test("drops the arguments that a server without AUTH quotes")
    func renamedAuth() async throws {
        try await withRedisServer(arguments: ["--rename-command", "AUTH", "OTHER"]) { server in
            for username in [nil, "bob"] {
                let error = try await failure {
                    _ = try await RedisConnection.open(server.options(username: username, password: Self.password))
                }
                #expect(error.serverCode == "ERR")
                #expect(error.message.hasPrefix("ERR unknown command"))
                #expect(!error.message.contains(Self.password.prefix(4)))
            }
        }
    }

    @Test("drops a password that the server repeats")
    func repeatedPassword() async throws {
        let peer = try RawPeer()
        peer.serve { socket in
            socket.read(until: "ID\r\n")
            socket.write("-WRONGPASS \(Self.password) is wrong\r\n-NOAUTH\r\n-NOAUTH\r\n")
            socket.readToEnd()
        }
        let error = try await failure { _ = try await RedisConnection.open(peer.options(password: Self.password)) }
        #expect(error.serverCode == "WRONGPASS")
        #expect(!error.message.contains(Self.password))
    }

    @Test(
        "drops a password and not the server's own words for it",
        arguments: ["password", "user", "invalid", "WRONGPASS", "is", "a", "username-password pair", "."]
    )
    func ownWords(password: String) async throws {
        try await withRedisServer(arguments: ["--requirepass", Self.password]) { server in
            let error = try await failure { _ = try await RedisConnection.open(server.options(password: password)) }
            #expect(error.message.contains("WRONGPASS invalid username-password pair"), "\(error)")
        }
        let peer = try RawPeer()
        peer.serve { socket in
            socket.read(until: "ID\r\n")
            socket.write("-WRONGPASS they said \(password) here\r\n-NOAUTH\r\n-NOAUTH\r\n")
            socket.readToEnd()
        }
        let repeated = try await failure { _ = try await RedisConnection.open(peer.options(password: password)) }
        #expect(!repeated.message.contains("they said"), "\(repeated)")
    }

    @Test("is let in with a password by a server that asks for none, and knows it")
    func surplusPassword() async throws {
        try await withRedisServer { server in
            for database in [0, 1] {
                let options = server.options(password: Self.password, database: database)
                let connection = try await RedisConnection.open(options)
                #expect(try await connection.send("ACL", "WHOAMI").text == "default")
                #expect(await connection.hasSurplusPassword)
                #expect(await connection.id > 0)
                #expect(await connection.asksForNoPassword)
            }
            let without = try await RedisConnection.open(server.options())
            #expect(await !without.asksForNoPassword)
        }
        try await withRedisServer(arguments: ["--requirepass", Self.password]) { server in
            let connection = try await RedisConnection.open(server.options(password: Self.password))
            #expect(await !connection.asksForNoPassword)
        }
    }

    @Test("shows its password in no form of its options, its connection or its failure")
    func neverPrinted() async throws {
        try await withRedisServer(arguments: ["--requirepass", Self.password]) { server in
            let options = server.options(password: Self.password)
            let connection = try await RedisConnection.open(options)
            await connection.close()
            let afterwards = try await failure { _ = try await connection.send("PING") }
            await server.stop()
            let unreachable = try await failure { _ = try await RedisConnection.open(options) }
            let shown: [Any] = [options, connection, afterwards, unreachable, [options], Optional.some(options) as Any]
            for one in shown {
                var dumped = ""
                dump(one, to: &dumped)
                for text in ["\(one)", String(reflecting: one), String(describing: one), dumped] {
                    #expect(!text.contains(Self.password))
                }
            }
            #expect("\(options)" == "\(server.socketPath) database 0")
        }
    }
}
