import TestSupport
import Testing

@Suite("What somebody else wrote")
struct ConflictTests {
    private static let old = "tenant:t0:destination:d1"
    private static let new = "tenant:{t0}:destination:d1"

    private func hand(_ stage: Stage, _ arguments: String...) async throws -> ProcessResult {
        try await stage.run(["-migration", "001_hash_tags"] + arguments)
    }

    @Test("A destination that was there before, and differs, is named by plan and apply and never overwritten")
    func foreignDestination() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await stage.send("HSET", Self.new, "id", "d1", "config", "somebody else's")
            let changes = try await stage.changes()
            let plan = try await hand(stage, "plan")
            #expect(plan.exitStatus == 1, "\(plan)")
            #expect(plan.standardOutput.contains(Self.old), "\(plan)")
            #expect(try await stage.changes() == changes)

            let apply = try await hand(stage, "apply", "-auto-approve")
            #expect(apply.exitStatus == 1, "a held key is no success: \(apply)")
            let verify = try await hand(stage, "verify")
            #expect(verify.exitStatus == 1, "\(verify)")
            #expect(verify.standardOutput.contains(Self.old), "\(verify)")
            #expect(try await stage.text("outpost:schema:version") == nil)
            let cleanup = try await hand(stage, "cleanup", "-force")
            #expect(cleanup.exitStatus == 1, "\(cleanup)")

            let after = try await stage.snapshot()
            #expect(after.records[Self.new]?.content == ["config=somebody else's", "id=d1"])
            for (name, record) in stage.before.records { #expect(after.records[name] == record, "\(name)") }
            let daemon = try await stage.daemon()
            let line = try await daemon.waitForLine("stalled", "reason=ConflictsFound")
            #expect(line.contains("001_hash_tags"), "\(line)")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("A destination equal to its source is taken as the copy that it is")
    func equalDestination() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await stage.send("COPY", Self.old, Self.new)
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
            #expect(try await stage.calls(of: "copy") == stage.keyspace.moving)
        }
    }

    @Test("Verify fails when destinations are gone, and applying again brings them back", arguments: [1, 30])
    func destinationsGone(count: Int) async throws {
        try await withStage { stage in
            #expect(try await hand(stage, "apply", "-auto-approve").exitStatus == 0)
            let gone = Array(stage.keyspace.newNames.values.sorted().prefix(count))
            try await stage.send(["UNLINK"] + gone)
            let verify = try await hand(stage, "verify")
            #expect(verify.exitStatus == 1, "\(verify)")
            #expect(try await stage.text("outpost:schema:version") == nil)
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("Verify fails when many destinations differ from what was copied")
    func manyDiffer() async throws {
        try await withStage { stage in
            #expect(try await hand(stage, "apply", "-auto-approve").exitStatus == 0)
            for name in stage.keyspace.newNames.values.sorted().prefix(30) {
                try await stage.send("HSET", name, "broken", "yes")
            }
            let verify = try await hand(stage, "verify")
            #expect(verify.exitStatus == 1, "\(verify)")
            #expect(try await stage.text("outpost:schema:version") == nil)
        }
    }

    @Test("A value that the application wrote under the new name survives apply, verify and cleanup")
    func newerDestination() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            #expect(try await hand(stage, "apply", "-auto-approve").exitStatus == 0)
            try await stage.send("HSET", Self.new, "config", "newer")
            let newer = try #require(try await stage.snapshot().records[Self.new])
            let unaccepted = try await hand(stage, "verify")
            #expect(unaccepted.exitStatus == 1 && unaccepted.standardOutput.contains("inUse"), "\(unaccepted)")
            for step in [["apply", "-auto-approve"], ["verify", "--accept-in-use", "1"], ["cleanup", "-force"]] {
                let result = try await stage.run(["-migration", "001_hash_tags"] + step)
                #expect(result.exitStatus == 0, "\(step): \(result)")
                #expect(try await stage.snapshot().records[Self.new] == newer, "\(step)")
            }
            #expect(try await stage.send("EXISTS", Self.old).integer == 0)
        }
    }

    @Test("A record written on both sides is a conflict: both values stay, and cleanup keeps the old one and names it")
    func bothSides() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            for step in [["apply", "-auto-approve"], ["verify"]] {
                #expect(try await stage.run(["-migration", "001_hash_tags"] + step).exitStatus == 0)
            }
            try await stage.send("HSET", Self.old, "config", "by an old instance")
            try await stage.send("HSET", Self.new, "config", "by a new instance")
            let written = try await stage.snapshot()
            let cleanup = try await hand(stage, "cleanup", "-force")
            #expect(cleanup.exitStatus == 1, "\(cleanup)")
            #expect(cleanup.standardOutput.contains(Self.old), "\(cleanup)")
            let after = try await stage.snapshot()
            for name in [Self.old, Self.new] { #expect(after.records[name] == written.records[name]) }
            // All the others are moved.
            var expected = stage.keyspace.expected(after: stage.before)
            for name in [Self.old, Self.new] { expected.records[name] = written.records[name] }
            #expect(after.difference(from: expected) == nil)
        }
    }

    @Test("Old keys that are written after the raise are copied, and not removed unseen")
    func lateWrites() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            for step in [["apply", "-auto-approve"], ["verify"]] {
                #expect(try await stage.run(["-migration", "001_hash_tags"] + step).exitStatus == 0)
            }
            try await stage.send("HSET", Self.old, "config", "late")
            try await stage.send("HSET", "tenant:late", "id", "late")
            let written = try await stage.snapshot()
            let cleanup = try await hand(stage, "cleanup", "-force")
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            let after = try await stage.snapshot()
            #expect(after.records[Self.new] == written.records[Self.old])
            #expect(after.records["tenant:{late}:tenant"] == written.records["tenant:late"])
            #expect(after.records["tenant:late"] == nil)
        }
    }

    @Test("rollback before the raise leaves the keyspace as it was; after it, it is refused")
    func rollback() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            #expect(try await hand(stage, "apply", "-auto-approve").exitStatus == 0)
            let declined = try await hand(stage, "rollback")
            #expect(declined.exitStatus == 1, "\(declined)")
            let rollback = try await hand(stage, "rollback", "-force")
            #expect(rollback.exitStatus == 0, "\(rollback)")
            #expect(try await stage.snapshot().difference(from: stage.before) == nil)
            for step in [["apply", "-auto-approve"], ["verify"]] {
                #expect(try await stage.run(["-migration", "001_hash_tags"] + step).exitStatus == 0)
            }
            let raised = try await stage.snapshot(withBookkeeping: true)
            let late = try await hand(stage, "rollback", "-force")
            #expect(late.exitStatus == 1, "\(late)")
            #expect(late.standardError.contains("no way back"), "\(late)")
            let after = try await stage.snapshot(withBookkeeping: true)
            let data = raised.records.filter { $0.key != "outpost:migration:epoch" }
            #expect(after.records.filter { $0.key != "outpost:migration:epoch" } == data)
        }
    }

    @Test("verify --sample compares some, writes nothing and never raises the version")
    func spotCheck() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            #expect(try await hand(stage, "apply", "-auto-approve").exitStatus == 0)
            let changes = try await stage.changes()
            let sample = try await hand(stage, "verify", "--sample", "5")
            #expect(sample.exitStatus == 0, "\(sample)")
            let wrong = try await hand(stage, "verify", "--sample", "0")
            #expect(wrong.exitStatus == 64, "\(wrong)")
            #expect(try await stage.changes() == changes)
            #expect(try await stage.text("outpost:schema:version") == nil)
        }
    }
}
