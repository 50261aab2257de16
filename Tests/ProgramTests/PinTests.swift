import Foundation
import TestSupport
import Testing

@Suite("A pin binds work by hand")
struct PinTests {
    private static let small = Keyspace(tenants: 2)

    private func run(_ stage: Stage, _ words: String...) async throws -> ProcessResult { try await stage.run(words) }

    private func expectHeldUp(_ result: ProcessResult, _ version: Int, reason: String) {
        #expect(result.exitStatus == 75, "\(result)")
        for word in ["Version \(version) was pinned by ", reason, "`migrateredis unpin` ends that"] {
            #expect(result.standardError.contains(word), "\(result)")
        }
    }

    @Test("nothing leads past it: not apply, verify or cleanup, whatever is forced; what lies within it goes on")
    func binds() async throws {
        try await withStage(Self.small) { stage in
            #expect(try await run(stage, "pin", "1", "--reason", "freeze").exitStatus == 0)
            // The way to the pinned version is free.
            #expect(try await run(stage, "apply", "001_hash_tags", "-auto-approve").exitStatus == 0)
            #expect(try await run(stage, "verify", "001_hash_tags").exitStatus == 0)

            let before = try await stage.snapshot(withBookkeeping: true)
            let changes = try await stage.changes()
            for words in [
                ["-migration", "002_timestamps", "apply", "-auto-approve"], ["apply", "002", "-force", "-yes"],
                ["verify", "002"], ["cleanup", "002", "-force"],
            ] {
                expectHeldUp(try await stage.run(words), 1, reason: "freeze")
            }
            #expect(try await stage.changes() == changes)
            #expect(try await stage.snapshot(withBookkeeping: true) == before)
            let plan = try await run(stage, "plan", "002")
            #expect(plan.exitStatus == 0 && plan.standardError.contains("Version 1 was pinned by"), "\(plan)")
            let quiet = try await run(stage, "plan", "001")
            #expect(!quiet.standardError.contains("pinned"), "\(quiet)")

            // What was raised already is behind the pin.
            #expect(try await run(stage, "verify", "001").exitStatus == 0)
            #expect(try await run(stage, "cleanup", "001", "-force").exitStatus == 0)
            #expect(try await run(stage, "unpin").exitStatus == 0)
            #expect(try await run(stage, "apply", "002", "-auto-approve").exitStatus == 0)
        }
    }

    @Test("one that is given between apply and verify keeps the version where it is")
    func beforeVerify() async throws {
        try await withStage(Self.small) { stage in
            #expect(try await run(stage, "apply", "001", "-auto-approve").exitStatus == 0)
            #expect(try await run(stage, "pin", "0", "--reason", "wait").exitStatus == 0)
            expectHeldUp(try await run(stage, "verify", "001"), 0, reason: "wait")
            #expect(try await stage.text("outpost:schema:version") == nil)
            // Back is not onward.
            let rollback = try await run(stage, "rollback", "001", "-force")
            #expect(rollback.exitStatus == 0, "\(rollback)")
        }
    }

    @Test("one that is given while apply runs by hand stops it at the next batch")
    func duringApply() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let apply = try await stage.start("apply", "001", "-auto-approve", with: Stage.slow)
            try await eventually(timeout: .seconds(20), "copies") { try await stage.calls(of: "copy") > 10 }
            #expect(try await run(stage, "pin", "0", "--reason", "by ann").exitStatus == 0)
            #expect(try await apply.waitForExit(timeout: .seconds(10)) == .exited(75))
            for word in ["Version 0 was pinned by ", "by ann", "unpin", "Interrupted."] {
                #expect(apply.standardError.contains(word), "\(apply.standardError)")
            }
            #expect(try await stage.lock() == nil)
            #expect(try await stage.phase() == "applying")
        }
    }
}
