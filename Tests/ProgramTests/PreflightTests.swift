import Foundation
import RedisClient
import TestSupport
import Testing

/// What a server lacks is known before anything is written there.
@Suite("Commands that are missing")
struct PreflightTests {
    private static func renamed(_ commands: String...) -> [String] {
        commands.flatMap { ["--rename-command", $0, ""] }
    }

    @Test(
        "check names what is renamed away, and nothing is begun: by hand, by converge and by the daemon",
        arguments: ["UNLINK", "HSETNX", "HDEL", "XINFO", "XADD", "PERSIST", "ZRANGE"]
    )
    func renamedAway(command: String) async throws {
        try await withStage(Keyspace(tenants: 2), arguments: Self.renamed(command)) { stage in
            let before = try await stage.contents()
            let writes = try await stage.writes()
            let check = try await stage.run("check")
            #expect(check.exitStatus == 77 && check.standardOutput.contains("PROBLEM  permissions"), "\(check)")
            #expect(check.standardOutput.contains(command), "\(check)")
            for words in [["converge"], ["-migration", "001_hash_tags", "-auto-approve", "apply"]] {
                let result = try await stage.run(words)
                #expect(result.exitStatus == 77 && result.standardError.contains(command), "\(result)")
            }
            let daemon = try await stage.daemon()
            try await daemon.waitForLine("stalled", "reason=PermissionDenied", command)
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.writes() == writes)
            #expect(try await stage.contents().difference(from: before) == nil)
        }
    }

    @Test("without WATCH or MULTI it is said, and nothing that is asked for runs", arguments: ["WATCH", "MULTI"])
    func withoutTransactions(command: String) async throws {
        try await withStage(Keyspace(tenants: 2), arguments: Self.renamed(command)) { stage in
            let changes = try await stage.changes()
            let check = try await stage.run("check")
            #expect(check.exitStatus == 77 && check.standardOutput.contains("\(command) is not there"), "\(check)")
            #expect(try await stage.run("converge").exitStatus == 77)
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("a server without UNLINK can be paused and resumed, pinned and unpinned, and a lock there removed")
    func ordersWithoutUnlink() async throws {
        try await withStage(Keyspace(tenants: 1), arguments: Self.renamed("UNLINK")) { stage in
            #expect(try await stage.run("pause").exitStatus == 0)
            let resumed = try await stage.run("resume")
            #expect(resumed.exitStatus == 0, "\(resumed)")
            #expect(try await stage.send("EXISTS", "outpost:migration:pause").integer == 0)
            #expect(try await stage.run("pin", "1").exitStatus == 0)
            #expect(try await stage.run("unpin").exitStatus == 0)
            try await stage.send("SET", "outpost:migration:lock", "somebody", "PX", "3600000")
            let unlocked = try await stage.run("-force", "unlock")
            #expect(unlocked.exitStatus == 0, "\(unlocked)")
            #expect(try await stage.send("EXISTS", "outpost:migration:lock").integer == 0)
        }
    }

    @Test("an order that could not be taken back is not given")
    func noWayBack() async throws {
        try await withStage(Keyspace(tenants: 1), arguments: Self.renamed("UNLINK", "PEXPIRE")) { stage in
            let paused = try await stage.run("pause")
            #expect(paused.exitStatus != 0, "\(paused)")
            #expect(try await stage.send("EXISTS", "outpost:migration:pause").integer == 0)
        }
    }

    @Test("a lock is removed also where the history takes no entry")
    func unlockWithoutHistory() async throws {
        try await withStage(Keyspace(tenants: 1), arguments: Self.renamed("XADD")) { stage in
            try await stage.send("SET", "outpost:migration:lock", "somebody", "PX", "3600000")
            let unlocked = try await stage.run("-force", "unlock")
            #expect(unlocked.exitStatus == 0, "\(unlocked)")
            #expect(try await stage.send("EXISTS", "outpost:migration:lock").integer == 0)
        }
    }

    @Test("without MEMORY and CLIENT everything is done, and the plan says that it tells no sizes")
    func withoutConveniences() async throws {
        try await withStage(Keyspace(tenants: 4), arguments: Self.renamed("MEMORY", "CLIENT")) { stage in
            let plan = try await stage.run("-migration", "001_hash_tags", "plan")
            #expect(plan.exitStatus == 0 && plan.standardOutput.contains("What copies take is not known"), "\(plan)")
            let check = try await stage.run("check", with: Stage.untended)
            #expect(check.exitStatus == 0 && check.standardOutput.contains("MEMORY USAGE cannot be run"), "\(check)")
            #expect(check.standardOutput.contains("WARNING  memory"), "\(check)")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test(
        "check names all patterns that are missing at once, and that rules apart do not combine",
        .enabled("the server has no selectors") { try await ServerCommands.has("PEXPIRETIME") }
    )
    func patterns() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let narrow = ["ACL", "SETUSER", LeastPrivilege.user, "reset", "on", ">\(LeastPrivilege.password)"]
            try await stage.send(narrow + ["~tenant:*", "&*", "+@all"])
            let first = try await stage.run("check")
            #expect(first.exitStatus == 77, "\(first)")
            for rule in [
                "~outpost:migration:*", "~outpost:schema:version", "~.outpost:migration_lock",
                "~.outpost:migration:lock",
            ] { #expect(first.standardOutput.contains(rule), "\(rule): \(first)") }
            let own = "~outpost:migration:* ~outpost:schema:version ~.outpost:migration_lock ~.outpost:migration:lock"
            try await stage.send(narrow + ["&*", "+@all", "~tenant:*", "(\(own) +@all)"])
            let second = try await stage.run("check")
            #expect(second.exitStatus == 77, "\(second)")
            let rule = "(+watch ~outpost:migration:* ~outpost:schema:version ~tenant:*)"
            #expect(second.standardOutput.contains(rule), "\(second)")
            #expect(try await stage.run("converge").exitStatus == 77)
            try await stage.send(["ACL", "SETUSER", LeastPrivilege.user, rule])
            let third = try await stage.run("check", with: Stage.untended)
            #expect(third.exitStatus == 0, "\(third)")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
        }
    }
}
