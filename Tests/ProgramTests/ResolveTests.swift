import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("Settling what is held")
struct ResolveTests {
    private static let name = "001_hash_tags"
    private static let pairs = (0..<4).map { ("tenant:t\($0):destination:d1", "tenant:{t\($0)}:destination:d1") }

    private func resolve(_ stage: Stage, _ arguments: String...) async throws -> ProcessResult {
        try await stage.run(["resolve", Self.name] + arguments)
    }

    /// Every new key of the list is somebody else's before apply begins.
    private func withConflicts(_ body: (Stage) async throws -> Void) async throws {
        try await withStage(Keyspace(tenants: 6)) { stage in
            for (_, new) in Self.pairs { try await stage.send("HSET", new, "id", "d1", "config", "theirs") }
            _ = try await stage.run("-migration", Self.name, "apply", "-auto-approve")
            #expect(try await stage.run("-migration", Self.name, "verify").exitStatus == 1)
            #expect(try await stage.phase() == "failed")
            try await body(stage)
        }
    }

    @Test("status --held names every held key with both sides, and writes nothing")
    func held() async throws {
        try await withConflicts { stage in
            let changes = try await stage.changes()
            let held = try await stage.run("status", "--held", Self.name)
            #expect(held.exitStatus == 0, "\(held)")
            for (old, new) in Self.pairs {
                #expect(held.standardOutput.contains("foreign  \(old)\n") && held.standardOutput.contains(new))
            }
            #expect(held.standardOutput.contains("differ in    config, created_at"), "\(held)")
            #expect(!held.standardOutput.contains("theirs"), "no values")
            let json = try await stage.run("status", "--held", Self.name, "--output", "json")
            let objects = try json.standardOutput.split(separator: "\n").map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
            }
            #expect(objects.count == 4 && objects.allSatisfy { $0["reason"] as? String == "foreign" }, "\(json)")
            #expect(Set(objects.compactMap { $0["key"] as? String }) == Set(Self.pairs.map(\.0)))
            #expect(try await stage.changes() == changes)
            let unknown = try await stage.run("status", "--held", "004_unknown")
            #expect(unknown.exitStatus == 64, "\(unknown)")
        }
    }

    @Test("a side is kept as it is said, by the old name or the new, and the way to the end is free")
    func keep() async throws {
        try await withConflicts { stage in
            let first = try await resolve(stage, Self.pairs[0].0, Self.pairs[1].1, "--keep", "source")
            #expect(first.exitStatus == 0 && first.standardOutput.contains("2 settled"), "\(first)")
            let left = try #require(try await stage.state()?["held"] as? [String: Any])
            #expect((left["counts"] as? [String: Int]) == ["foreign": 2])
            let samples = (left["samples"] as? [[String: String]] ?? []).compactMap { $0["key"] }
            #expect(Set(samples) == Set(Self.pairs.dropFirst(2).map(\.0)))
            for (old, new) in Self.pairs.prefix(2) {
                let now = try await stage.snapshot().records
                #expect(now[new] == stage.before.records[old] && now[old] == stage.before.records[old])
            }
            // Without an answer it is declined.
            let declined = try await resolve(stage, "--all", "--reason-is", "foreign", "--keep", "destination")
            #expect(declined.exitStatus == 1, "\(declined)")
            let rest = try await resolve(stage, "--all", "--reason-is", "foreign", "--keep", "destination", "--force")
            #expect(rest.exitStatus == 0 && rest.standardOutput.contains("2 settled"), "\(rest)")
            let again = try await resolve(stage, Self.pairs[0].0, "--keep", "destination")
            #expect(
                again.exitStatus == 1
                    && again.standardOutput.contains("\(Self.pairs[0].0) is not held by \(Self.name)."),
                "\(again)"
            )

            #expect(try await stage.converge().exitStatus == 0)
            var expected = stage.keyspace.expected(after: stage.before)
            for (_, new) in Self.pairs.dropFirst(2) {
                expected.records[new]?.content = ["config=theirs", "id=d1"]
            }
            #expect(try await stage.snapshot().difference(from: expected) == nil)
            let history = try await stage.run("history")
            #expect(history.standardOutput.contains("2 settled, the source kept"), "\(history)")
            #expect(history.standardOutput.contains("2 settled, the destination kept, held as foreign"))
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test(
        "both sides written after the raise: each choice ends the conflict, and cleanup goes on",
        arguments: [true, false]
    )
    func diverged(keepsSource: Bool) async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            for step in [["apply", "-auto-approve"], ["verify"]] {
                #expect(try await stage.run(["-migration", Self.name] + step).exitStatus == 0)
            }
            let (old, new) = Self.pairs[0]
            try await stage.send("HSET", old, "config", "old")
            try await stage.send("HSET", new, "config", "new")
            #expect(try await stage.run("-migration", Self.name, "cleanup", "-force").exitStatus == 1)
            let side = keepsSource ? "source" : "destination"
            let kept = try #require(try await stage.snapshot().records[keepsSource ? old : new])
            let result = try await resolve(stage, old, "--keep", side, "--reason", "asked the team")
            #expect(result.exitStatus == 0, "\(result)")
            let state = try await stage.state()
            #expect(state?["held"] == nil && state?["kept_at_ms"] == nil, "\(state ?? [:])")
            let status = try await stage.run("status")
            #expect(!status.standardOutput.contains("back"), "\(status)")
            #expect(try await stage.run("-migration", Self.name, "cleanup", "-force").exitStatus == 0)
            let after = try await stage.snapshot()
            #expect(after.records[new] == kept && after.records[old] == nil)
            #expect(try await stage.phase() == "cleaned")
        }
    }

    @Test("what a choice of sides does not settle is refused with the way out, and nothing is written")
    func refuses() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let (old, new) = Self.pairs[0]
            let early = try await resolve(stage, old, "--keep", "source")
            #expect(early.exitStatus == 1 && early.standardError.contains("not applied"), "\(early)")
            try await stage.send("SET", new, "of another type")
            _ = try await stage.run("-migration", Self.name, "apply", "-auto-approve")
            let before = try await stage.snapshot()
            let odd = try await resolve(stage, old, "--keep", "destination")
            #expect(odd.exitStatus == 1 && odd.standardOutput.contains("another type"), "\(odd)")
            let ambiguous = try await resolve(stage, "--all", "--reason-is", "ambiguous", "--keep", "source")
            #expect(ambiguous.exitStatus == 64 && ambiguous.standardError.contains("field id"), "\(ambiguous)")
            for usage in [["--keep", "source"], [old], [old, "--keep", "both"], ["--all", "--keep", "source"]] {
                let result = try await stage.run(["resolve", Self.name] + usage)
                #expect(result.exitStatus == 64, "\(usage): \(result)")
            }
            let nobodys = try await resolve(stage, "tenant:nobody", "--keep", "source")
            #expect(nobodys.exitStatus == 1, "\(nobodys)")
            let rewriting = try await stage.run("resolve", "002_timestamps", old, "--keep", "source")
            #expect(rewriting.exitStatus == 1, "\(rewriting)")
            #expect(try await stage.snapshot() == before)

            let source = try await resolve(stage, old, "--keep", "source")
            #expect(source.exitStatus == 0, "\(source)")
            #expect(try await stage.snapshot().records[new] == stage.before.records[old])
        }
    }

    @Test("a key of another type in the place of the new one is settled by its own name too", arguments: [0, 1])
    func otherType(tenantsKey: Int) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let old = tenantsKey == 0 ? "tenant:t0" : Self.pairs[0].0
            let new = tenantsKey == 0 ? "tenant:{t0}:tenant" : Self.pairs[0].1
            try await stage.send("SET", new, "of another type")
            #expect(try await stage.run("apply", Self.name, "-auto-approve").exitStatus == 1)
            let refused = try await resolve(stage, new, "--keep", "destination")
            #expect(refused.exitStatus == 1 && refused.standardOutput.contains("another type"), "\(refused)")
            let unheld = try await resolve(stage, "tenant:{t1}:tenant", "tenant:{t9}:tenant", "--keep", "source")
            #expect(unheld.exitStatus == 1 && unheld.standardOutput.contains("0 settled"), "\(unheld)")
            let result = try await resolve(stage, new, "--keep", "source")
            #expect(result.exitStatus == 0 && result.standardOutput.contains("1 settled"), "\(result)")
            #expect(try await stage.snapshot().records[new] == stage.before.records[old])
        }
    }

    @Test("in a cluster, source and destination in two slots, it is the same")
    func cluster() async throws {
        try await withClusterStage(Keyspace(tenants: 6)) { stage in
            for (_, new) in Self.pairs {
                let keyspace = try await stage.cluster.connect()
                _ = try await keyspace.send("HSET", Bytes(new.utf8), Bytes("config".utf8), Bytes("theirs".utf8))
                await keyspace.close()
            }
            let failed = try await stage.converge()
            #expect(failed.exitStatus == 1, "\(failed)")
            let held = try await stage.run("status", "--held", Self.name)
            #expect(held.standardOutput.components(separatedBy: "foreign  ").count == 5, "\(held)")
            let one = try await stage.run("resolve", Self.name, Self.pairs[0].1, "--keep", "source")
            #expect(one.exitStatus == 0, "\(one)")
            let rest = try await stage.run(
                ["resolve", Self.name, "--all", "--reason-is", "foreign", "--keep", "destination", "--force"]
            )
            #expect(rest.exitStatus == 0 && rest.standardOutput.contains("3 settled"), "\(rest)")
            let end = try await stage.converge()
            #expect(end.exitStatus == 0, "\(end)")
            let after = try await ClusterStage.snapshot(of: stage.cluster)
            #expect(after.records[Self.pairs[0].1] == stage.before.records[Self.pairs[0].0])
            for (old, new) in Self.pairs.dropFirst() {
                #expect(after.records[new]?.content == ["config=theirs"] && after.records[old] == nil)
            }
        }
    }

    @Test("an incident: conflicts stall it; pause, look, resolve, pin, resume, converge; the history tells it all")
    func incident() async throws {
        try await withStage(Keyspace(tenants: 6)) { stage in
            for (_, new) in Self.pairs { try await stage.send("HSET", new, "id", "d1", "config", "theirs") }
            let daemon = try await stage.daemon(
                ["MIGRATEREDIS_SCHEMA_TARGET": "3", "MIGRATEREDIS_RECONCILE_INTERVAL": "60s"]
            )
            try await daemon.waitForLine("stalled", "reason=ConflictsFound")

            #expect(try await stage.run("pause", "--reason", "incident 7").exitStatus == 0)
            try await daemon.waitForLine("waiting", "reason=Paused")
            let status = try await stage.run("status")
            #expect(status.standardOutput.contains("Paused     by ") && status.standardOutput.contains("incident 7"))
            #expect(try await stage.run("status", "--held", Self.name).standardOutput.contains(Self.pairs[0].0))
            let settled = try await resolve(
                stage,
                "--all",
                "--reason-is",
                "foreign",
                "--keep",
                "source",
                "--force",
                "--reason",
                "a bad import"
            )
            #expect(settled.exitStatus == 0 && settled.standardOutput.contains("4 settled"), "\(settled)")
            #expect(try await stage.run("pin", "1", "--reason", "no further today").exitStatus == 0)
            #expect(try await stage.phase() == "failed", "nothing goes on while it is paused")
            #expect(try await stage.run("resume", "--reason", "settled").exitStatus == 0)

            let wait = try await stage.run("wait", "--timeout", "30s", with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(wait.exitStatus == 0 && wait.standardOutput == "Schema version 1.\n", "\(wait)")
            let converge = try await stage.converge()
            #expect([0, 75].contains(converge.exitStatus), "\(converge)")
            try await eventually(timeout: .seconds(20), "the cleanup") { try await stage.phase() == "cleaned" }
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())

            let history = try await stage.run("history", "--output", "json").standardOutput
            let kinds = try history.split(separator: "\n").compactMap { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                let event = object?["event"] ?? ""
                return event == "phaseChanged" ? "→ \(object?["to"] ?? "")" : event
            }
            #expect(
                kinds == [
                    "→ planned", "→ applying", "→ applied", "→ failed", "paused", "resolved", "retryAsked", "pinned",
                    "resumed", "→ applying", "→ applied", "→ verified", "versionRaised", "→ cleaning", "→ cleaned",
                ],
                "\(history)"
            )
            for word in ["incident 7", "a bad import", "no further today"] { #expect(history.contains(word)) }
        }
    }
}
