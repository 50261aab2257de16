import Foundation
import TestSupport
import Testing

@testable import Programs
@testable import RedisClient

@Suite("Who is not let in is told why, by whom, and which setting is meant")
struct LoginTests {
    /// Runs `status` and `check` in a directory of their own, and compares status and words of both.
    private func expect(
        _ status: Int32,
        _ words: [String],
        not others: [String] = [],
        with variables: [String: String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let home = try TemporaryDirectory()
        for command in ["status", "check"] {
            let result = try await ProcessRunner.run(
                try ProductPath.find("migrateredis"),
                [command],
                environment: variables,
                directory: home.path,
                timeout: .seconds(60)
            )
            #expect(result.exitStatus == status, "\(command): \(result)", sourceLocation: sourceLocation)
            for word in words {
                #expect(
                    result.description.contains(word),
                    "\(command), \(word): \(result)",
                    sourceLocation: sourceLocation
                )
            }
            for word in others {
                #expect(
                    !result.description.contains(word),
                    "\(command), \(word): \(result)",
                    sourceLocation: sourceLocation
                )
            }
        }
    }

    private func address(_ port: Int?, _ more: [String: String] = [:]) -> [String: String] {
        ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(port ?? 0)"].merging(more) { $1 }
    }

    @Test("a database that the server does not have: 78")
    func database() async throws {
        try await withRedisServer(arguments: ["--databases", "1"], tcp: true) { server in
            let words = [
                "ERR DB index is out of range (127.0.0.1:\(server.port ?? 0))", "redis.database is 5", "REDIS_DATABASE",
            ]
            try await expect(78, words, with: address(server.port, ["REDIS_DATABASE": "5"]))
        }
    }

    @Test("a server that is full: 69")
    func full() async throws {
        try await withRedisServer(arguments: ["--maxclients", "1"], tcp: true) { server in
            var first: RedisConnection?
            try await eventually {
                first = try? await RedisConnection.open(ConnectionOptions(endpoint: .unix(path: server.socketPath)))
                return first != nil
            }
            try await expect(69, ["max number of clients", "maxclients"], with: address(server.port))
            await first?.close()
        }
    }

    @Test("a wrong password, or none: 77")
    func password() async throws {
        try await withRedisServer(arguments: ["--requirepass", "right"], tcp: true) { server in
            try await expect(
                77,
                ["WRONGPASS", "The password is from REDIS_PASSWORD."],
                with: address(server.port, ["REDIS_PASSWORD": "wrong"])
            )
            try await expect(77, ["NOAUTH", "The password is not set"], with: address(server.port))
        }
    }

    @Test("a sentinel's password that is wrong, or missing: 77, and the sentinels' setting")
    func sentinel() async throws {
        try await withRedisServer(tcp: true) { server in
            let sentinel = try await SentinelProcess.start(
                watching: try #require(server.port),
                quorum: 9,
                more: ["requirepass watchword"]
            )
            let home = try TemporaryDirectory()
            let file = try home.write("other\n", to: "password")
            let variables = ["REDIS_SENTINELS": "127.0.0.1:\(sentinel.port)", "REDIS_SENTINEL_MASTER": "main"]
            try await expect(
                77,
                ["WRONGPASS", "The sentinels' password is from REDIS_SENTINEL_PASSWORD_FILE"],
                not: ["The password is not set", "REDIS_PASSWORD."],
                with: variables.merging(["REDIS_SENTINEL_PASSWORD_FILE": file]) { $1 }
            )
            try await expect(
                77,
                ["NOAUTH", "The sentinels' password is not set: name its file in REDIS_SENTINEL_PASSWORD_FILE"],
                not: ["REDIS_PASSWORD."],
                with: variables
            )
            await sentinel.stop()
        }
    }

    @Test("a proxy that has no server behind it: 69")
    func proxy() async throws {
        let proxy = try await HAProxy.start(before: nil, idleMilliseconds: 5000)
        try await expect(69, ["a proxy that has no server behind it", "REDIS_HOST"], with: address(proxy.port))
        await proxy.stop()
    }

    @Test(
        "a proxy that knows only some commands: 69, for every command, and it is named as one",
        arguments: ["status", "pause"]
    )
    func twemproxy(command: String) async throws {
        try await withRedisServer(tcp: true) { server in
            let proxy = try await Twemproxy.start(before: try #require(server.port))
            let result = try await ProcessRunner.run(
                try ProductPath.find("migrateredis"),
                [command],
                environment: address(proxy.port),
                directory: server.directory
            )
            #expect(result.exitStatus == 69, "\(result)")
            #expect(result.standardError.contains("one that knows only some commands (twemproxy)"), "\(result)")
            await proxy.stop()
        }
    }

    @Test(
        "a node that the cluster announces by a name that leads nowhere: 69, and not the address of REDIS_HOST",
        .enabled("the server cannot announce names") { try await ServerCommands.announceNames() }
    )
    func announcedName() async throws {
        try await withCluster { cluster in
            for node in cluster.masters {
                try await node.cli("CONFIG", "SET", "cluster-announce-hostname", "node.test.invalid")
                try await node.cli("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
            }
            try await expect(
                69,
                ["node.test.invalid", "what the cluster says of itself", "cluster-announce-hostname"],
                not: ["Is Redis running there?"],
                with: address(cluster.masters[0].port, ["REDIS_CLUSTER_ENABLED": "true"])
            )
        }
    }

    // MARK: The table

    private static let faults: [(LoginFault, Programs.ExitStatus)] = [
        (.passwordNotWanted, .configuration), (.passwordWrong, .permission), (.passwordMissing, .permission),
        (.full, .unavailable), (.databaseUnknown, .configuration), (.databaseInCluster, .configuration),
        (.loading, .unavailable), (.protectedMode, .permission), (.masterLost, .unavailable), (.forbidden, .permission),
        (.hungUp, .unavailable),
    ]

    @Test("every cause has its exit status", arguments: Self.faults)
    func statuses(fault: LoginFault, status: Programs.ExitStatus) {
        let replies: [LoginFault: RedisError] = [
            .passwordNotWanted: RedisError(serverReply: "ERR Client sent AUTH, but no password is set"),
            .passwordWrong: RedisError(serverReply: "WRONGPASS no"),
            .passwordMissing: RedisError(serverReply: "NOAUTH no"),
            .full: RedisError(serverReply: "ERR max number of clients reached"),
            .databaseUnknown: RedisError(serverReply: "ERR DB index is out of range"),
            .databaseInCluster: RedisError(serverReply: "ERR SELECT is not allowed in cluster mode"),
            .loading: RedisError(serverReply: "LOADING now"), .protectedMode: RedisError(serverReply: "DENIED no"),
            .masterLost: RedisError(serverReply: "MASTERDOWN no"), .forbidden: RedisError(serverReply: "NOPERM no"),
            .hungUp: RedisError(.disconnected, "lost", outcome: .notExecuted),
        ]
        guard var error = replies[fault] else {
            Issue.record("There is no reply for \(fault).")
            return
        }
        error.loginFault = LoginFault(error)
        #expect(error.loginFault == fault)
        #expect(Programs.ExitStatus(error) == status)
    }
}
