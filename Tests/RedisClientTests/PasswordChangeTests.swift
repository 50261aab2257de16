import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("A password that changes")
struct PasswordChangeTests {
    /// Gives one password after the other, and counts the questions.
    private final class Changing: Sendable {
        private let state: Mutex<(passwords: [String], count: Int)>

        init(_ passwords: String...) {
            state = Mutex((passwords, 0))
        }

        var count: Int { state.withLock { $0.count } }

        var source: SecretSource {
            SecretSource { [self] in
                state.withLock { state in
                    state.count += 1
                    return state.passwords.count > 1 ? state.passwords.removeFirst() : state.passwords.first
                }
            }
        }
    }

    private func options(_ server: RedisServer, _ source: SecretSource) -> ConnectionOptions {
        var options = server.options(database: 1)
        options.password = source
        return options
    }

    @Test("is asked for at each connection, and never kept")
    func eachTime() async throws {
        try await withRedisServer(arguments: ["--requirepass", "first"]) { server in
            let changing = Changing("first", "second")
            let options = options(server, changing.source)
            let first = try await RedisConnection.open(options)
            _ = try await first.send("CONFIG", "SET", "requirepass", "second")
            let second = try await RedisConnection.open(options)
            #expect(try await second.send("PING").text == "PONG")
            #expect(changing.count == 2)
        }
    }

    @Test("while we greet is asked for once more, and the greeting is whole")
    func meanwhile() async throws {
        try await withRedisServer(arguments: ["--requirepass", "new"]) { server in
            let changing = Changing("old", "new")
            let connection = try await RedisConnection.open(options(server, changing.source))
            let info = try await connection.send("CLIENT", "INFO").text
            #expect(info?.contains(" db=1 ") == true && info?.contains("name=test ") == true)
            #expect(await connection.id > 0)
            #expect(changing.count == 2)
        }
    }

    @Test("to one that is wrong too, or not at all, is refused, and tried no more often than that")
    func stillWrong() async throws {
        try await withRedisServer(arguments: ["--requirepass", "right"]) { server in
            for changing in [Changing("old"), Changing("old", "older", "right")] {
                let error = try await failure { _ = try await RedisConnection.open(options(server, changing.source)) }
                #expect(error.serverCode == "WRONGPASS" && error.isPermission && error.outcome == .notExecuted)
                #expect(changing.count == 2)
            }
        }
    }

    @Test("that cannot be had is told as its source tells it, and the server is not greeted")
    func unreadable() async throws {
        try await withRedisServer { server in
            let cause = RedisError(.misconfigured, "no such file", outcome: .notExecuted)
            let error = try await failure {
                _ = try await RedisConnection.open(options(server, SecretSource { throw cause }))
            }
            #expect(error.code == cause.code && error.message == cause.message && error.loginFault == nil)
        }
    }

    @Test("is in no description")
    func descriptions() {
        var options = ConnectionOptions(endpoint: .unix(path: "/s"), password: "hunter2")
        options.password = SecretSource("hunter2")
        var dumped = ""
        dump(options, to: &dumped)
        dump(options.password, to: &dumped)
        for text in [dumped, "\(options)", "\(options.password)", String(reflecting: options.password)] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
    }
}
