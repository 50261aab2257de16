import TestSupport
import Testing

@testable import RedisClient

@Suite("What a server means at login")
struct LoginFaultTests {
    private static let replies: [(String, LoginFault?)] = [
        (
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
                + "configuration is correct?", .passwordNotWanted
        ),
        ("ERR Client sent AUTH, but no password is set", .passwordNotWanted),
        ("WRONGPASS invalid username-password pair or user is disabled.", .passwordWrong),
        ("ERR invalid password", .passwordWrong),
        ("NOAUTH Authentication required.", .passwordMissing),
        (
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
                + "option can be used to authenticate the client and select the RESP protocol version at the same time",
            .passwordMissing
        ),
        ("ERR max number of clients reached", .full),
        ("ERR max number of clients + cluster connections reached", .full),
        ("ERR DB index is out of range", .databaseUnknown),
        ("ERR invalid DB index", .databaseUnknown),
        ("ERR SELECT is not allowed in cluster mode", .databaseInCluster),
        ("LOADING Redis is loading the dataset in memory", .loading),
        ("DENIED Redis is running in protected mode because protected mode is enabled", .protectedMode),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", .masterLost),
        ("NOPERM this user has no permissions to run the 'select' command", .forbidden),
        ("NOPERM User app has no permissions to run the 'client|setname' command", .forbidden),
        ("ERR unknown command 'AUTH', with args beginning with: ", .commandUnknown),
        ("ERR unknown command `SELECT`, with args beginning with: `5`, ", .commandUnknown),
        ("ERR something else", nil), ("OOM command not allowed", nil), ("BUSY Redis is busy running a script.", nil),
    ]

    @Test("follows from its reply", arguments: Self.replies)
    func cause(reply: String, fault: LoginFault?) {
        #expect(LoginFault(RedisError(serverReply: reply)) == fault)
    }

    @Test("follows from an end without a word, and from no failure of our own")
    func causeOfOthers() {
        #expect(LoginFault(RedisError(.disconnected, "lost", outcome: .notExecuted)) == .hungUp)
        for code in [RedisError.Code.timedOut, .unreachable, .misconfigured, .untrusted, .unexpectedReply] {
            #expect(LoginFault(RedisError(code, "NOAUTH", outcome: .notExecuted)) == nil)
        }
    }

    @Test("is mended by the settings of the very connection", arguments: ConnectionPlace.Role.allCases)
    func remedies(role: ConnectionPlace.Role) {
        var options = ConnectionOptions(endpoint: .tcp(host: "db", port: 1), username: "app", database: 5)
        options.role = role
        let isSentinel = role == .sentinel
        for fault in [LoginFault.passwordNotWanted, .passwordWrong, .passwordMissing] {
            let remedy = fault.remedy(for: options)
            #expect(remedy.contains("redis.sentinel-password-file") == isSentinel, "\(remedy)")
            #expect(remedy.contains("redis.password-file") != isSentinel, "\(remedy)")
        }
        let user = LoginFault.passwordWrong.remedy(for: options)
        #expect(user.contains(isSentinel ? "redis.sentinel-username" : "redis.username"))
        #expect(LoginFault.databaseUnknown.remedy(for: options).contains("redis.database is 5"))
        for fault in LoginFault.allCases { #expect(fault.remedy(for: options).hasSuffix("."), "\(fault)") }
    }

    @Test("of one that hangs up without a word is what hangs up so there")
    func hungUp() {
        var options = ConnectionOptions(endpoint: .tcp(host: "db", port: 1))
        #expect(LoginFault.hungUp.remedy(for: options).contains("A port for TLS"))
        options.tls = TLSOptions()
        #expect(!LoginFault.hungUp.remedy(for: options).contains("A port for TLS"))
        options = ConnectionOptions(endpoint: .unix(path: "/s"))
        #expect(!LoginFault.hungUp.remedy(for: options).contains("A port for TLS"))
        #expect(LoginFault.hungUp.remedy(for: options).contains("proxy"))
    }

    @Test("stands behind its words, with the address")
    func words() async throws {
        try await withRedisServer(arguments: ["--databases", "1"], tcp: true) { server in
            var options = server.options(database: 5)
            let endpoint = Endpoint.tcp(host: "127.0.0.1", port: try #require(server.port))
            options.endpoint = endpoint
            let error = try await failure { _ = try await RedisConnection.open(options) }
            #expect(
                error.message.hasPrefix("ERR DB index is out of range (\(endpoint)). redis.database is 5:"),
                "\(error)"
            )
            #expect(error.loginFault == .databaseUnknown)
            #expect(error.place == ConnectionPlace(.configured, endpoint))
        }
    }

    @Test("by not knowing CLIENT is nothing: it lets us in")
    func clientRenamed() async throws {
        try await withRedisServer(arguments: ["--rename-command", "CLIENT", "other"]) { server in
            let connection = try await RedisConnection.open(server.options())
            #expect(await connection.id == 0)
            #expect(try await connection.send("PING").text == "PONG")
        }
    }
}
