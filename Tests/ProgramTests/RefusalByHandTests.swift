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

    /// What stands in the way of a phase: commands that make it so, a phase that would ask, how it ends and what it says.
    struct Obstacle: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var commands: [[String]] = []
        var lock = false
        var phases: [[String]]
        var status: Int32
        var reason: String
    }

    private static let apply = ["apply", migration]
    private static let all = ["resolve", migration, "--all", "--reason-is", "foreign", "--keep", "source"]
    private static let applied = [["apply", migration, "-auto-approve"]]
    private static let verified = applied + [["verify", migration]]

    private static let obstacles = [
        Obstacle(
            testDescription: "a pause",
            commands: applied + [["pause", "--reason", "lunch"]],
            phases: [apply, ["rollback", migration], ["cleanup", migration]],
            status: 75,
            reason: "lunch"
        ),
        Obstacle(
            testDescription: "a lock that another holds",
            commands: applied,
            lock: true,
            phases: [apply, ["rollback", migration], ["cleanup", migration], all],
            status: 75,
            reason: "is held by the original tool"
        ),
        Obstacle(
            testDescription: "a pin",
            commands: [["pin", "0", "--reason", "freeze"]],
            phases: [apply, ["apply", "002"], ["cleanup", migration]],
            status: 75,
            reason: "freeze"
        ),
        Obstacle(
            testDescription: "nothing that was applied",
            phases: [["rollback", migration], all],
            status: 1,
            reason: "was not applied"
        ),
        Obstacle(
            testDescription: "a version below",
            phases: [["apply", "002"]],
            status: 1,
            reason: "needs schema version 1"
        ),
        Obstacle(
            testDescription: "no verify",
            commands: applied,
            phases: [["cleanup", migration]],
            status: 1,
            reason: "must be verified"
        ),
        Obstacle(
            testDescription: "the raise",
            commands: verified,
            phases: [["rollback", migration]],
            status: 1,
            reason: "There is no way back"
        ),
        Obstacle(
            testDescription: "a rewrite in place",
            commands: verified,
            phases: [["rollback", "002"], ["resolve", "002"] + all.dropFirst(2)],
            status: 1,
            reason: "in place"
        ),
        Obstacle(
            testDescription: "a cleanup before",
            commands: verified + [["cleanup", migration, "-force"]],
            phases: [apply, all],
            status: 1,
            reason: "is cleaned"
        ),
    ]

    @Test("nobody is asked for a yes where the phase could not begin", arguments: obstacles)
    func asksNobody(one: Obstacle) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            for words in one.commands {
                let result = try await stage.run(words)
                #expect(result.exitStatus == 0, "\(words): \(result)")
            }
            if one.lock {
                try await stage.send("SET", "outpost:migration:lock", "migration=x, started=2024-01-01T00:00:00Z")
            }
            let changes = try await stage.changes()
            for words in one.phases {
                let result = try await stage.run(words, input: "y\n")
                #expect(result.exitStatus == one.status, "\(words): \(result)")
                #expect(result.standardError.contains(one.reason), "\(words): \(result)")
                #expect(!result.standardError.contains("[y/N]"), "\(words): \(result)")
            }
            #expect(try await stage.changes() == changes)
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
