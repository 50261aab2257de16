import Foundation
import TestSupport
import Testing

@testable import MigrationKit
@testable import migrateredis

@Suite("check: the preflight")
struct CheckTests {
    private struct Finding: Decodable {
        var check: String
        var level: String
        var message: String
        var remedy: String?
    }

    private struct Report: Decodable {
        var findings: [Finding]
        var worst: String
    }

    /// A configuration that the daemon begins with.
    private static let wanted = ["MIGRATEREDIS_SCHEMA_TARGET": "1"]

    private func report(_ result: ProcessResult) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(result.standardOutput.utf8))
    }

    @Test("on a server that will do, nothing is a problem and nothing is changed")
    func good() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            let changes = try await stage.changes()
            let result = try await stage.run("check", "--output", "json", with: Self.wanted)
            #expect(result.exitStatus == 0, "\(result)")
            let report = try report(result)
            #expect(!report.findings.contains { $0.level == "problem" }, "\(result)")
            let looked = Set(report.findings.map(\.check))
            let all = [
                "connection", "permissions", "server", "eviction", "persistence", "replicas", "clock", "bookkeeping",
            ]
            #expect(looked.isSuperset(of: all + ["target", "lock", "messages", "memory"]), "\(looked)")
            #expect(report.findings.allSatisfy { ($0.level == "ok") == ($0.remedy == nil) })
            #expect(try await stage.changes() == changes)
            let text = try await stage.run("check", with: Self.wanted)
            #expect(text.exitStatus == 0 && text.standardOutput.contains("ok       permissions"), "\(text)")
        }
    }

    @Test("what is wrong is named with its remedy, and the exit status is the worst")
    func bad() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await stage.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            try await stage.send("CONFIG", "SET", "maxmemory", "100mb")
            try await stage.send("SET", "outpost:migration:001_hash_tags:state", "no JSON")
            #expect(try await stage.run("pause", "--reason", "audit").exitStatus == 0)
            let result = try await stage.run("check", "--output", "json", with: Self.wanted)
            #expect(result.exitStatus == 1, "\(result)")
            let report = try report(result)
            let problems = Set(report.findings.filter { $0.level == "problem" }.map(\.check))
            #expect(problems.isSuperset(of: ["eviction", "bookkeeping"]) && report.worst == "problem", "\(result)")
            #expect(report.findings.first { $0.check == "eviction" }?.remedy?.contains("noeviction") == true)
            #expect(report.findings.contains { $0.check == "pause" && $0.message.contains("audit") })
        }
    }

    @Test("copies that do not fit are a problem before they begin")
    func memory() async throws {
        try await withStage(Keyspace(tenants: 200)) { stage in
            let used = try await stage.info("memory", "used_memory")
            try await stage.send("CONFIG", "SET", "maxmemory", String(used + 100_000))
            let result = try await stage.run("check", "--output", "json", with: Self.wanted)
            // What the command itself needs may be what fills the server.
            #expect([.exited(1), .exited(69)].contains(result.termination), "\(result)")
            #expect(try report(result).findings.contains { $0.check == "memory" && $0.level == "problem" }, "\(result)")
        }
    }

    /// A wanted version, the version in Redis, and what is found.
    struct TargetCase: Sendable, CustomTestStringConvertible {
        var wanted: String?
        var version: Int
        var status: Int32
        var told: String
        var pin: Int?
        var begun = false

        var testDescription: String {
            "\(wanted ?? "none") wanted, \(version) there, \(pin.map(String.init) ?? "no") pin"
        }
    }

    static let targets = [
        TargetCase(
            wanted: nil,
            version: 0,
            status: 78,
            told: "schema.target is not set: migrateredisd would not start"
        ),
        TargetCase(wanted: "99", version: 0, status: 1, told: "Version 99 is wanted and this program knows only"),
        TargetCase(wanted: "1", version: 2, status: 1, told: "Version 1 is wanted and the keyspace is at 2"),
        TargetCase(
            wanted: "0",
            version: 0,
            status: 1,
            told: "Version 0 is wanted, and 001_hash_tags was begun",
            begun: true
        ),
        TargetCase(wanted: "latest", version: 0, status: 0, told: "version 3 is wanted (environment MIGRATEREDIS_"),
        TargetCase(wanted: "2", version: 0, status: 0, told: "version 1 is wanted (pinned by", pin: 1),
    ]

    @Test("fails where the daemon would refuse the target, or stall on it", arguments: targets)
    func target(one: TargetCase) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            if one.version > 0 { try await stage.send("SET", "outpost:schema:version", String(one.version)) }
            if one.begun {
                let apply = try await stage.run("-migration", "001_hash_tags", "-auto-approve", "apply")
                #expect(apply.exitStatus == 0, "\(apply)")
            }
            if let pin = one.pin {
                #expect(try await stage.run("pin", String(pin), "--reason", "test").exitStatus == 0)
            }
            let result = try await stage.run(
                ["check"],
                with: one.wanted.map { ["MIGRATEREDIS_SCHEMA_TARGET": $0] } ?? [:]
            )
            #expect(result.exitStatus == one.status, "\(result)")
            let mark = one.status == 0 ? "ok     " : "PROBLEM"
            let line = result.standardOutput.split(separator: "\n").first { $0.contains(one.told) }
            #expect(line?.hasPrefix("\(mark)  target ") == true, "\(result)")
        }
    }

    @Test("nobody there, and a user who is refused: the statuses of the other commands")
    func away() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let away = try await stage.run(["check"], with: ["REDIS_SOCKET": "/nonexistent/redis.sock"])
            #expect(away.exitStatus == 69 && away.standardOutput.contains("PROBLEM  connection"), "\(away)")
            #expect(away.standardOutput.contains("PROBLEM  target"), "the file is judged all the same: \(away)")
            try await stage.send("ACL", "SETUSER", LeastPrivilege.user, "off")
            let refused = try await stage.run("check")
            #expect(refused.exitStatus == 77, "\(refused)")
        }
    }

    @Test("the rule of each missing permission is named, without the permission to ask for permissions")
    func permissions() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let rules = try await LeastPrivilegeTests.rules().filter {
                !["+unlink", "+xadd", "+subscribe", "~tenant:*"].contains($0)
            }
            try await stage.send(["ACL", "SETUSER", LeastPrivilege.user, "reset"] + rules)
            let changes = try await stage.changes()
            let result = try await stage.run("check")
            #expect(result.exitStatus == 77, "\(result)")
            for rule in ["+unlink", "+xadd", "~tenant:*", "+subscribe &outpost:migration:wake"] {
                #expect(result.standardOutput.contains(rule), "\(rule): \(result)")
            }
            for rule in ["+hset", "+set ", "~outpost"] { #expect(!result.standardOutput.contains(rule), "\(rule)") }
            #expect(try await stage.changes() == changes, "nothing that was asked for ran")
        }
    }

    @Test("every rule of deploy/migrateredis.acl that is about a command is asked for")
    func isWhole() throws {
        let given = Set(try LeastPrivilege.rule().filter { $0.hasPrefix("+") }.map { $0.filter { !"+)".contains($0) } })
        let probes = CommandProbe.groups(for: KeyNames(), database: 1).flatMap(\.queued)
            .filter { $0.need != .copyingOtherwise && $0.need != .fieldExpiry }.map(\.rule)
        // Run as they are, on the way to the others; and the subscription, which has a finding of its own.
        let direct: Set<String> = ["watch", "unwatch", "multi", "exec", "discard", "subscribe"]
        #expect(given == Set(probes).union(direct))
    }
}
