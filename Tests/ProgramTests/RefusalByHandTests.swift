import Foundation
import RedisClient
import TestSupport
import Testing

/// What the daemon refuses to touch is refused by hand too: nothing is written, not even state, epoch or history.
@Suite("Refusals by hand")
struct RefusalByHandTests {
    private static let migration = "001_hash_tags"
    private static let version = "outpost:schema:version"

    /// A keyspace in which nothing may be touched, and a word of the sentence that says why.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var make: @Sendable (Stage) async throws -> Void
    }

    private static func applied(_ stage: Stage, _ more: [[String]] = []) async throws {
        for words in [["-auto-approve", "apply"]] + more {
            let result = try await stage.run(["-migration", migration] + words)
            guard result.exitStatus == 0 else { throw TestSupportError("\(words): \(result)") }
        }
    }

    static let cases = [
        Case(testDescription: "a newer schema", reason: "knows only 3") { stage in
            try await stage.send("SET", version, "99")
        },
        Case(testDescription: "a newer schema over what was applied", reason: "knows only 3") { stage in
            try await applied(stage)
            try await stage.send("SET", version, "4")
        },
        Case(testDescription: "a version that is no number", reason: "no version number") { stage in
            try await applied(stage)
            try await stage.send("SET", version, "three")
        },
        Case(testDescription: "a state of another migration that cannot be read", reason: "003_entity:state") { stage in
            try await applied(stage)
            try await stage.send("SET", "outpost:migration:003_entity:state", "{")
        },
        Case(testDescription: "a pin that cannot be read", reason: "outpost:migration:pin") { stage in
            try await applied(stage)
            try await stage.send("SET", "outpost:migration:pin", "{")
        },
        Case(testDescription: "a history that is no stream", reason: "outpost:migration:history") { stage in
            try await stage.send("SET", "outpost:migration:history", "x")
        },
        Case(testDescription: "a version that went back", reason: "the version was 1 or about to be") { stage in
            try await applied(stage, [["verify"], ["-force", "cleanup"]])
            try await stage.send("SET", version, "0")
        },
        Case(testDescription: "a later migration verified two above", reason: "the version was 3 or about to be") {
            stage in
            try await applied(stage)
            try await stage.send(
                "SET",
                "outpost:migration:003_entity:state",
                #"{"migration_name":"003_entity","phase":"verified","started_at":"2026-01-01T00:00:00Z","format":1}"#
            )
        },
    ]

    private static let phases: [[String]] = [
        ["-auto-approve", "apply"], ["verify"], ["-force", "cleanup"], ["-force", "rollback"],
    ]

    @Test("hold for every phase, whatever is forced, and say why", arguments: cases)
    func refuses(one: Case) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await one.make(stage)
            let before = try await stage.snapshot(withBookkeeping: true)
            let changes = try await stage.changes()
            var commands = [migration, "002_timestamps"].flatMap { name in
                Self.phases.map { ["-migration", name] + $0 }
            }
            commands.append(["resolve", migration, "tenant:t0", "--keep", "source"])
            for words in commands {
                let result = try await stage.run(words)
                #expect(result.exitStatus == 1, "\(words): \(result)")
                #expect(result.standardError.contains(one.reason), "\(words): \(result)")
            }
            #expect(try await stage.changes() == changes)
            #expect(try await stage.snapshot(withBookkeeping: true) == before)
        }
    }

    private var migration: String { Self.migration }

    @Test("nobody is asked for a yes before")
    func asksNobody() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await stage.send("SET", Self.version, "99")
            for phase in ["apply", "cleanup", "rollback"] {
                let result = try await stage.run("-migration", migration, phase, input: "y\n")
                #expect(result.exitStatus == 1, "\(result)")
                #expect(!result.standardError.contains("?"), "\(result)")
            }
        }
    }

    @Test("a plan is still made, and says that nothing of it could be done")
    func plans() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await stage.send("SET", Self.version, "99")
            let plan = try await stage.run("-migration", migration, "plan")
            #expect(plan.exitStatus == 0, "\(plan)")
            #expect(plan.standardError.contains("nothing of this could be done now"), "\(plan)")
            #expect(plan.standardError.contains("knows only 3"), "\(plan)")
        }
    }

    @Test("after a failback only the verify that the message names goes on, and it settles the matter")
    func verifyIsTheWayOut() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await Self.applied(stage, [["verify"]])
            let key = "outpost:migration:\(migration):state"
            let text = try #require(try await stage.text(key))
            // As if it had been verified on another server, and this one had come back.
            let began = try #require(try await stage.state()?["server"] as? [String: String])
            let runID = try #require(began["run_id"])
            let verified = try #require(text.range(of: #""verification":"#))
            let changed = text[verified.lowerBound...].replacingOccurrences(of: runID, with: "another")
            try await stage.send("SET", key, text[..<verified.lowerBound] + changed)
            for words in [["-auto-approve", "apply"], ["-force", "cleanup"]] {
                let result = try await stage.run(["-migration", migration] + words)
                #expect(result.exitStatus == 1 && result.standardError.contains("data may be lost"), "\(result)")
            }
            let verify = try await stage.run("-migration", migration, "verify")
            #expect(verify.exitStatus == 0, "\(verify)")
            let cleanup = try await stage.run("-migration", migration, "-force", "cleanup")
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
        }
    }
}
