import Foundation
import TestSupport
import Testing

/// The ACL file in `deploy/` is what the documentation tells people to use: it must suffice, and be needed whole.
@Suite("Least privilege")
struct LeastPrivilegeTests {
    /// The file's one rule for the server under test.
    static func rules() async throws -> [String] {
        let rules = try LeastPrivilege.rule()
        return try await ServerCommands.has("PEXPIRETIME") ? rules : LeastPrivilege.old(rules)
    }

    private static func load(_ server: RedisServer) async throws {
        try await server.load(
            """
            HSET tenant:a id a created_at 2024-01-02T03:04:05.678Z updated_at 2024-01-02T03:04:05Z
            HSET tenant:a:destinations d {}
            HSET tenant:a:destination:d id d created_at 2024-01-02T03:04:05Z updated_at 2024-01-02T03:04:05Z
            PEXPIRE tenant:a:destination:d 604800000
            """
        )
    }

    private static func environment(_ server: RedisServer) -> [String: String] {
        [
            "REDIS_SOCKET": server.socketPath, "MIGRATEREDIS_CLEANUP_SOAK": "0s",
            "MIGRATEREDIS_CLEANUP_APPROVAL": "automatic",
        ]
        .merging(LeastPrivilege.variables) { $1 }
    }

    @Test(
        "the ACL file's user converges to the end, cleanup included, and so it does by DUMP and RESTORE",
        arguments: [["+copy"], ["+dump", "+restore"]]
    )
    func suffices(copying: [String]) async throws {
        try await withRedisServer { server in
            try await Self.load(server)
            let rules = try await Self.rules().filter { $0 != "+copy" } + copying
            try await server.makeUser(rules)
            let program = try ProductPath.find("migrateredis")
            let result = try await ProcessRunner.run(program, ["converge"], environment: Self.environment(server))
            #expect(result.exitStatus == 0, "\(result.standardError)")
            let names = try await server.cli("--scan", "--pattern", "tenant:*")
            #expect(
                Set(names.split(separator: "\n")) == [
                    "tenant:{a}:tenant", "tenant:{a}:destinations", "tenant:{a}:destination:d",
                ]
            )
            let state = try await server.cli("GET", "outpost:migration:003_entity:state")
            #expect(state.contains("\"phase\":\"cleaned\""))
            let expiry = try await server.cli("PTTL", "tenant:{a}:destination:d")
            #expect(Int(expiry).map { (1...604_800_000).contains($0) } == true)
        }
    }

    @Test(
        "without a permission that the work needs, the message names it and nothing is lost",
        arguments: ["copy", "watch", "hset", "multi", "scan", "unlink", "info"]
    )
    func namesWhatIsMissing(command: String) async throws {
        try await converge(without: command)
    }

    @Test(
        "without the permission to read exact expiries, the message names it and nothing is lost",
        .enabled("the server has no PEXPIRETIME") { try await ServerCommands.has("PEXPIRETIME") }
    )
    func namesExpiryTime() async throws {
        try await converge(without: "pexpiretime")
    }

    @Test(
        "where fields of hashes end by themselves, the ACL file's user needs what the file says, and is told so",
        .enabled("the server knows no end of fields") { try await ServerCommands.has("HPEXPIRETIME") }
    )
    func fieldEnds() async throws {
        try await withRedisServer { server in
            try await Self.load(server)
            try await server.cli("HPEXPIREAT", "tenant:a", "4102444800123", "FIELDS", "1", "created_at")
            let program = try ProductPath.find("migrateredis")
            var rules = try await Self.rules()
            for command in ["hkeys", "hpexpiretime", "hpexpireat"] {
                try await server.makeUser(rules)
                let refused = try await ProcessRunner.run(program, ["converge"], environment: Self.environment(server))
                #expect(refused.exitStatus == 77, "\(command)")
                #expect(refused.standardError.contains(command), "\(refused.standardError)")
                rules.append("+" + command)
            }
            try await server.makeUser(rules)
            let result = try await ProcessRunner.run(program, ["converge"], environment: Self.environment(server))
            #expect(result.exitStatus == 0, "\(result.standardError)")
            let end = try await server.cli("HPEXPIRETIME", "tenant:{a}:tenant", "FIELDS", "1", "created_at")
            #expect(end == "4102444800123")
        }
    }

    @Test(
        "the ACL file's user cannot write strings under the application's names",
        .enabled("the server has no selectors") { try await ServerCommands.has("PEXPIRETIME") },
        arguments: [
            ["SET", "tenant:a", "x"], ["GET", "tenant:a"], ["PEXPIRE", "tenant:a", "1"],
            ["XADD", "tenant:a", "*", "a", "b"],
            ["HDEL", "tenant:a", "id"], ["SET", "other", "x"], ["FLUSHALL"], ["CONFIG", "GET", "dir"],
        ]
    )
    func isNarrow(command: [String]) async throws {
        try await withRedisServer { server in
            try await Self.load(server)
            let said = try await server.says(to: command, as: LeastPrivilege.user)
            #expect(said.contains("NOPERM") || said.contains("no permission"), "\(command): \(said)")
        }
    }

    @Test(
        "the ACL file's application reaches its data and the version, and gives no order",
        .enabled("the server has no selectors") { try await ServerCommands.has("PEXPIRETIME") }
    )
    func application() async throws {
        try await withRedisServer { server in
            try await Self.load(server)
            let rules = try LeastPrivilege.rule(of: "application")
            try await server.load(
                "SET outpost:schema:version 1\nHSET outpost:migration:003_entity status applied\nACL SETUSER application reset "
                    + rules.map { "\"\($0)\"" }.joined(separator: " ")
            )
            func run(_ command: String...) async throws -> String {
                try await server.says(to: command, as: "application")
            }
            #expect(try await run("HSET", "tenant:a", "name", "x").contains("1"))
            #expect(try await run("GET", "outpost:schema:version").contains("1"))
            #expect(try await run("HGET", "outpost:migration:003_entity", "status").contains("applied"))
            for command in [
                ["SET", "outpost:schema:version", "9"], ["HSET", "outpost:migration:003_entity", "status", "x"],
                ["GET", "outpost:migration:003_entity:state"], ["UNLINK", ".outpost:migration_lock"],
                ["SET", "outpost:migration:pause", "{}"],
                ["GET", "outpost:migration:lock"], ["UNLINK", "outpost:migration:epoch"],
                ["XADD", "outpost:migration:history", "*", "a", "b"], ["PUBLISH", "outpost:migration:wake", "x"],
                ["COPY", "tenant:a", "outpost:migration:x"], ["REPLCONF", "ip-address", "x"], ["PSYNC", "?", "-1"],
                ["CONFIG", "SET", "maxmemory", "1"], ["KEYS", "*"], ["FLUSHALL"],
            ] {
                let said = try await server.says(to: command, as: "application")
                #expect(said.contains("NOPERM") || said.contains("no permission"), "\(command): \(said)")
            }
        }
    }

    private func converge(without command: String) async throws {
        try await withRedisServer { server in
            try await Self.load(server)
            let rules = try await Self.rules().filter { $0 != "+" + command }
            try await server.makeUser(rules)
            let program = try ProductPath.find("migrateredis")
            let result = try await ProcessRunner.run(program, ["converge"], environment: Self.environment(server))
            #expect(result.exitStatus == 77)
            // Redis 6.2 names a command without its subcommand.
            let named = try await ServerCommands.has("PEXPIRETIME") ? 2 : 1
            let plain = command.split(separator: "|").map(String.init).prefix(named)
            #expect(plain.allSatisfy { result.standardError.localizedCaseInsensitiveContains($0) })
            let exists = try await server.cli("EXISTS", "tenant:a", "tenant:a:destinations", "tenant:a:destination:d")
            #expect(exists.trimmingCharacters(in: .whitespacesAndNewlines) == "3" || command == "unlink")
        }
    }
}

extension RedisServer {
    /// What the server answers to a command of a user, errors too.
    fileprivate func says(to command: [String], as user: String) async throws -> String {
        let identity = ["--user", user, "--pass", LeastPrivilege.password, "--no-auth-warning"]
        let result = try await ProcessRunner.run("redis-cli", ["-s", socketPath] + identity + command)
        return result.standardOutput + result.standardError
    }

    /// Makes the user of the ACL file anew, with these rules.
    fileprivate func makeUser(_ rules: [String]) async throws {
        try await load("ACL SETUSER \(LeastPrivilege.user) reset " + rules.map { "\"\($0)\"" }.joined(separator: " "))
    }
}
