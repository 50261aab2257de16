import TestSupport
import Testing

@testable import migrateredisd

@Suite("migrateredisd --check-config")
struct ConfigurationCheckTests {
    /// A configuration, and what is said of it; nothing for one that is valid.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var variables: [String: String] = [:]
        var told: [String] = []

        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "a target by number", text: "schema: {target: 2}\n"),
        Case(name: "the newest", text: "schema: {target: latest}\n"),
        Case(name: "a target in the environment", text: "", variables: ["MIGRATEREDIS_SCHEMA_TARGET": "1"]),
        Case(name: "a password that was handed over", text: "schema: {target: 1}\nredis: {username: app}\n"),
        Case(
            name: "everything that is wrong, at once",
            text: "schema:\n  taregt: 1\nredis:\n  port: 0\n",
            variables: ["MIGRATEREDIS_LOCK_TTL": "10 parsecs"],
            told: [
                "environment: MIGRATEREDIS_LOCK_TTL: ", "config.yaml:2: schema.taregt: ", "config.yaml:4: redis.port: ",
                "config.yaml: schema.target: is not set",
            ]
        ),
        Case(name: "no target", text: "schema:\n", told: ["config.yaml: schema.target: is not set"]),
        Case(
            name: "a target that no program of this version knows",
            text: "schema:\n  target: 99\n",
            told: ["config.yaml:2: schema.target: is above "]
        ),
        Case(
            name: "such a target in the environment",
            text: "",
            variables: ["MIGRATEREDIS_SCHEMA_TARGET": "99"],
            told: ["environment: schema.target: is above "]
        ),
        Case(
            name: "files of TLS, and a target besides",
            text:
                "schema: {target: 99}\nredis:\n  host: example.org\n  tls: {enabled: true, ca-file: /nonexistent/ca.pem}\n",
            told: ["/nonexistent/ca.pem", "config.yaml:1: schema.target: is above "]
        ),
        Case(
            name: "a password's file that is not there",
            text: "schema: {target: 1}\n",
            variables: ["REDIS_PASSWORD_FILE": "/nonexistent/password"],
            told: ["environment: REDIS_PASSWORD_FILE: "]
        ),
        Case(name: "no YAML, of which nobody knows what it names", text: "schema: [1\n", told: ["config.yaml:"]),
    ]

    @Test("tells of every fault by file, line and key and ends with 78, or with 0; without any Redis", arguments: cases)
    func check(one: Case) async throws {
        let home = try TemporaryDirectory()
        try home.write("secret\n", to: "redis-password")
        let file = try home.write(one.text, to: "config.yaml")
        let result = try await ProcessRunner.run(
            try ProductPath.find("migrateredisd"),
            ["--check-config", "--config", file],
            environment: one.variables.merging(["CREDENTIALS_DIRECTORY": home.path]) { $1 }
        )
        #expect(result.exitStatus == (one.told.isEmpty ? 0 : 78), "\(result)")
        #expect(result.standardOutput == (one.told.isEmpty ? "configuration is valid\n" : ""), "\(result)")
        let lines = result.standardError.split(separator: "\n")
        #expect(lines.count == one.told.count, "one line for each: \(result)")
        for text in one.told { #expect(lines.contains { $0.contains(text) }, "\(text): \(result)") }
    }

    @Test(
        "refuses what the daemon refuses",
        arguments: cases.filter { one in one.told.contains { !$0.contains("is above") } }
    )
    func agrees(one: Case) async throws {
        let home = try TemporaryDirectory()
        let file = try home.write(one.text, to: "config.yaml")
        let daemon = try await RunningProcess.start(
            try ProductPath.find("migrateredisd"),
            ["--config", file],
            environment: one.variables
        )
        #expect(try await daemon.waitForExit() == .exited(78), "\(daemon.standardError)")
    }

    @Test("is content where systemd hides the password from all but the service itself")
    func hiddenCredential() async throws {
        let home = try TemporaryDirectory()
        let file = try home.write("schema: {target: 1}\n", to: "config.yaml")
        let result = try await ProcessRunner.run(
            try ProductPath.find("migrateredisd"),
            ["--check-config", "-c", file],
            environment: ["CREDENTIALS_DIRECTORY": home.file("hidden")]
        )
        #expect(result.exitStatus == 0 && result.standardError.isEmpty, "\(result)")
    }

    @Test("warns, and is content")
    func warning() async throws {
        let home = try TemporaryDirectory()
        let file = try home.write("schema: {target: 1}\nmetrics: {textfile: /run/numbers}\n", to: "config.yaml")
        let result = try await ProcessRunner.run(try ProductPath.find("migrateredisd"), ["--check-config", "-c", file])
        #expect(result.exitStatus == 0, "\(result)")
        #expect(result.standardError.hasPrefix("warning: metrics.textfile: "), "\(result)")
    }

    @Test("in the journal each line has its priority")
    func journal() {
        let check = ConfigurationCheck(warnings: ["w"], problems: ["one", "two\nlines"])
        #expect(check.lines(forJournal: true) == ["<3>one", "<3>two", "<3>lines", "<4>warning: w"])
        #expect(check.lines(forJournal: false) == ["one", "two", "lines", "warning: w"])
    }
}
