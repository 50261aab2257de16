import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("What the command line and the configuration get wrong")
struct UsageTests {
    /// Arguments, the status they end with, and what is said.
    struct Case: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var status: Int32
        var told: String
        var variables: [String: String] = [:]

        var testDescription: String { (variables.map { "\($0)=\($1)" } + arguments).joined(separator: " ") }
    }

    static let commandLines = [
        Case(arguments: ["-migration", "001_has_tags", "plan"], status: 64, told: "001_has_tags"),
        Case(arguments: ["-migration", "004_unknown", "apply", "-auto-approve"], status: 64, told: "004_unknown"),
        Case(arguments: ["rollback"], status: 64, told: "-migration"),
        Case(arguments: ["apply", "-auto-approve"], status: 64, told: "-migration"),
        Case(arguments: ["cleanup", "-force"], status: 64, told: "-migration"),
        Case(arguments: ["-migration", "001_hash_tags", "plan", "--frobnicate"], status: 64, told: "--frobnicate"),
        Case(arguments: ["frobnicate"], status: 64, told: "frobnicate"),
        Case(arguments: ["status", "--output", "xml"], status: 64, told: "xml"),
        Case(arguments: ["converge", "--target", "soon"], status: 64, told: "soon"),
        Case(arguments: ["converge", "--target", "-1"], status: 64, told: "target"),
        Case(arguments: ["-redis-password", "x", "status"], status: 64, told: "REDIS_PASSWORD_FILE"),
        Case(arguments: ["status", "--redis-password=x"], status: 64, told: "REDIS_PASSWORD_FILE"),
        Case(arguments: ["status", "-redis-port", "seventy"], status: 64, told: "seventy"),
        Case(
            arguments: ["status", "-redis-port", "seventy"],
            status: 78,
            told: "seventy",
            variables: ["REDIS_DATABASE": "-1"]
        ),
        Case(arguments: ["status"], status: 78, told: "REDIS_PORT", variables: ["REDIS_PORT": "70000"]),
        Case(arguments: ["status"], status: 78, told: "REDIS_DATABASE", variables: ["REDIS_DATABASE": "-1"]),
        Case(
            arguments: ["status"],
            status: 78,
            told: "MIGRATEREDIS_SCHEMA_TARGT",
            variables: ["MIGRATEREDIS_SCHEMA_TARGT": "1"]
        ),
        Case(
            arguments: ["status"],
            status: 78,
            told: "REDIS_PASSWORD_FILE",
            variables: ["REDIS_PASSWORD_FILE": "/nonexistent/p"]
        ),
        Case(arguments: ["status", "--config", "/nonexistent/c.yaml"], status: 78, told: "/nonexistent/c.yaml"),
        Case(arguments: ["status", "--env-file", "/nonexistent/.env"], status: 78, told: "/nonexistent/.env"),
        Case(
            arguments: ["converge"],
            status: 78,
            told: "lock.stale-after",
            variables: ["MIGRATEREDIS_LOCK_STALE_AFTER": "2h"]
        ),
    ]

    @Test("The command line ends with the right status, and says what is wrong", arguments: commandLines)
    func commandLine(one: Case) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let changes = try await stage.changes()
            let result = try await stage.run(one.arguments, with: one.variables)
            #expect(result.exitStatus == one.status, "\(result)")
            #expect(result.standardError.contains(one.told), "\(result)")
            #expect(try await stage.changes() == changes)
            #expect(try await stage.snapshot(withBookkeeping: true) == stage.before)
        }
    }

    /// A configuration file that is wrong, and what is said.
    struct BadFile: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var told: [String]

        var testDescription: String { name }
    }

    static let files = [
        BadFile(
            name: "an unknown key",
            text: "schema:\n  target: 1\nlimts:\n  batch-time: 2ms\n",
            told: ["limts", ":4:"]
        ),
        BadFile(name: "a duplicate", text: "schema:\n  target: 1\n  target: 2\n", told: ["target", ":3:"]),
        BadFile(
            name: "a bad value",
            text: "schema:\n  target: 1\nlock:\n  ttl: 10 parsecs\n",
            told: ["lock.ttl", ":4:", "a duration from"]
        ),
        BadFile(
            name: "a value out of range",
            text: "schema:\n  target: 1\nredis:\n  port: 0\n",
            told: ["redis.port", ":4:"]
        ),
        BadFile(name: "no YAML", text: "schema: [1\n", told: ["config.yaml"]),
    ]

    @Test("A wrong file is refused with its name, the key and the line, by both programs", arguments: files)
    func file(one: BadFile) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let changes = try await stage.changes()
            let home = try TemporaryDirectory()
            let file = try home.write(one.text, to: "config.yaml")
            let status = try await stage.run("status", "--config", file)
            #expect(status.exitStatus == 78, "\(status)")
            let daemon = try await stage.daemon(without: ["MIGRATEREDIS_SCHEMA_TARGET"], arguments: ["-config", file])
            #expect(try await daemon.waitForExit() == .exited(78))
            for output in [status.standardError, daemon.standardError] {
                for text in one.told + ["config.yaml"] { #expect(output.contains(text), "\(output)") }
            }
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("The daemon refuses to start without a target, without its file, and with wrong options")
    func daemonStart() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let changes = try await stage.changes()
            let socket = try NotifySocket()
            let starts: [(arguments: [String], removed: Set<String>, status: Int32, told: String)] = [
                ([], ["MIGRATEREDIS_SCHEMA_TARGET"], 78, "schema.target"),
                (["--config", "/nonexistent/c.yaml"], [], 78, "/nonexistent/c.yaml"),
                (["--log-level", "loud"], [], 64, "loud"),
                (["--redis-port", "seventy"], [], 64, "seventy"),
                (["--frobnicate"], [], 64, "frobnicate"),
                (["--redis-password", "x"], [], 64, "REDIS_PASSWORD_FILE"),
            ]
            for start in starts {
                let daemon = try await stage.daemon(
                    socket.variables,
                    without: start.removed,
                    arguments: start.arguments
                )
                #expect(try await daemon.waitForExit() == .exited(start.status), "\(start.arguments)")
                #expect(daemon.standardError.contains(start.told), "\(daemon.standardError)")
            }
            #expect(!socket.assignments.contains("READY=1"))
            #expect(try await stage.changes() == changes)
        }
    }

    @Test(
        "What is wrong in the arguments is shown without what moves a cursor or turns the text around",
        arguments: [["@"], ["--@"], ["approve", "001_hash_tags", "@"], ["status", "--output", "@"], ["plan", "@"]]
    )
    func hostileArguments(arguments: [String]) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let hostile = arguments.map { $0.replacing("@", with: "x\u{1B}[31m\u{9B}\u{202E}\u{2028}") }
            let result = try await stage.run(hostile)
            #expect(result.exitStatus == 64, "\(result)")
            let daemon = try await stage.daemon(arguments: [hostile[hostile.count - 1]])
            #expect(try await daemon.waitForExit() == .exited(64))
            for output in [result.standardError, daemon.standardError] {
                #expect(output.contains("\\x1b[31m\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x80\\xa8"), "\(output)")
                #expect(output.unicodeScalars.allSatisfy { $0 == "\n" || !SafeText.isUnsafe($0) })
            }
        }
    }

    @Test("--help and --version are no failure, and need no server", arguments: ["migrateredis", "migrateredisd"])
    func help(program: String) async throws {
        for option in ["--help", "--version"] {
            let result = try await ProcessRunner.run(try ProductPath.find(program), [option])
            #expect(result.exitStatus == 0, "\(result)")
            #expect(!result.standardOutput.isEmpty, "\(result)")
        }
    }
}
