import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("By hand, in the original's spelling")
struct HandTests {
    /// Where a command stands among its options, and how those are spelt.
    enum Spelling: String, CaseIterable, Sendable {
        case optionsFirst
        case optionsLast
        case doubleDash

        func arguments(_ command: String, _ option: String? = nil) -> [String] {
            let dash = self == .doubleDash ? "--" : "-"
            let options = [dash + "migration", "001_hash_tags"] + (option.map { [dash + $0] } ?? [])
            return self == .optionsFirst ? options + [command] : [command] + options
        }
    }

    @Test("plan, apply, verify and cleanup move every record with its expiry", arguments: Spelling.allCases)
    func wholeWay(spelling: Spelling) async throws {
        try await withStage { stage in
            let plan = try await stage.run(spelling.arguments("plan"))
            #expect(plan.exitStatus == 0, "\(plan)")
            #expect(plan.standardOutput.contains("4 keys are unrelated and stay untouched"), "\(plan)")
            let wordy = try await stage.run(spelling.arguments("plan", "verbose"))
            #expect(wordy.standardOutput.contains("tenant:foo:bar"), "\(wordy)")

            let apply = try await stage.run(spelling.arguments("apply", "auto-approve"))
            #expect(apply.exitStatus == 0, "\(apply)")
            #expect(apply.standardOutput.contains("\(stage.keyspace.moving) keys written"), "\(apply)")
            // Where nobody is asked, what was found is told afterwards.
            #expect(apply.standardError.contains("Written") && !apply.standardError.contains("To write"), "\(apply)")
            let copied = try await stage.snapshot()
            #expect(copied.difference(from: stage.keyspace.expectedBesideOld(after: stage.before)) == nil)
            #expect(try await stage.text("outpost:schema:version") == nil)

            let verify = try await stage.run(spelling.arguments("verify"))
            #expect(verify.exitStatus == 0, "\(verify)")
            #expect(try await stage.text("outpost:schema:version") == "1")
            #expect(try await stage.snapshot().difference(from: copied) == nil)

            let cleanup = try await stage.run(spelling.arguments("cleanup", "force"))
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            #expect(cleanup.standardOutput.contains("\(stage.keyspace.moving) old keys removed"), "\(cleanup)")
            let again = try await stage.run(spelling.arguments("cleanup"))
            #expect(again.exitStatus == 0, "\(again)")
            #expect(again.standardOutput.contains("is cleaned already"), "\(again)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("Plan writes nothing")
    func planWritesNothing() async throws {
        try await withStage { stage in
            let changes = try await stage.changes()
            let keys = try await stage.send("DBSIZE").integer
            for option in [[], ["-verbose"]] {
                let plan = try await stage.run(["-migration", "001_hash_tags", "plan"] + option)
                #expect(plan.exitStatus == 0, "\(plan)")
            }
            #expect(try await stage.changes() == changes)
            #expect(try await stage.send("DBSIZE").integer == keys)
            #expect(try await stage.snapshot(withBookkeeping: true) == stage.before)
        }
    }

    @Test("Apply without a yes changes nothing and exits 1", arguments: ["", "n\n", "maybe\n", "\n"])
    func declined(answer: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let changes = try await stage.changes()
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", input: answer)
            #expect(apply.exitStatus == 1, "\(apply)")
            #expect(apply.standardError.contains("Nothing was changed."), "\(apply)")
            #expect(try await stage.changes() == changes)
            #expect(try await stage.snapshot(withBookkeeping: true) == stage.before)
        }
    }

    @Test("Cleanup without a yes removes nothing; with one it removes the old keys")
    func answers() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", input: "y\n")
            #expect(apply.exitStatus == 0, "\(apply)")
            let verify = try await stage.run("-migration", "001_hash_tags", "verify")
            #expect(verify.exitStatus == 0, "\(verify)")
            let changes = try await stage.changes()
            let declined = try await stage.run("-migration", "001_hash_tags", "cleanup", input: "n\n")
            #expect(declined.exitStatus == 1, "\(declined)")
            #expect(declined.standardError.contains("Nothing was removed."), "\(declined)")
            #expect(try await stage.changes() == changes)
            let cleanup = try await stage.run("-migration", "001_hash_tags", "cleanup", input: "YES\n")
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("Cleanup before verify is refused, and so is verify before apply")
    func outOfOrder() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            for command in [["verify"], ["cleanup", "-force"]] {
                let result = try await stage.run(["-migration", "001_hash_tags"] + command)
                #expect(result.exitStatus == 1, "\(result)")
            }
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(apply.exitStatus == 0, "\(apply)")
            let copied = try await stage.snapshot()
            let cleanup = try await stage.run("-migration", "001_hash_tags", "-force", "cleanup")
            #expect(cleanup.exitStatus == 1, "\(cleanup)")
            #expect(cleanup.standardError.contains("must be verified"), "\(cleanup)")
            #expect(try await stage.snapshot() == copied)
        }
    }

    @Test("status and list show the way")
    func statusAndList() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let list = try await stage.run("list")
            #expect(list.exitStatus == 0, "\(list)")
            #expect(list.standardOutput.contains("001_hash_tags"), "\(list)")
            #expect(try await stage.converge().exitStatus == 0)
            let status = try await stage.run("status", with: ["MIGRATEREDIS_SCHEMA_TARGET": "1"])
            #expect(status.exitStatus == 0, "\(status)")
            #expect(status.standardOutput.contains("version 1, target 1"), "\(status)")
            #expect(status.standardOutput.contains("Nothing is left to do."), "\(status)")
            let listAfter = try await stage.run("list")
            #expect(listAfter.standardOutput.contains("cleaned"), "\(listAfter)")
        }
    }
}
