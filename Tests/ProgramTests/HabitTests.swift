import Foundation
import TestSupport
import Testing

@testable import Programs

@Suite("What users of the other tools are used to")
struct HabitTests {
    private static let small = Keyspace(tenants: 2)

    @Test("list needs no Redis: the phases are missing, and a note says so")
    func list() async throws {
        try await withStage(Self.small) { stage in
            let whole = try await stage.run("list")
            #expect(whole.exitStatus == 0 && whole.standardOutput.contains("Phase"), "\(whole)")
            #expect(whole.standardError.isEmpty, "\(whole)")
            let away = try await stage.run("list", with: ["REDIS_SOCKET": "/nonexistent/redis.sock"])
            #expect(away.exitStatus == 0, "\(away)")
            #expect(away.standardOutput.contains("003_entity") && !away.standardOutput.contains("Phase"), "\(away)")
            #expect(away.standardError.contains("The phases are not shown"), "\(away)")
            let refused = try await stage.run("list", with: ["REDIS_USERNAME": "nobody", "REDIS_PASSWORD": "x"])
            #expect(refused.exitStatus == 0 && refused.standardError.contains("WRONGPASS"), "\(refused)")
            let wrong = try await stage.run("list", with: ["REDIS_PORT": "x"])
            #expect(wrong.exitStatus == 78, "\(wrong)")
        }
    }

    @Test("a migration is named as an argument or by -migration, and two names are refused")
    func names() async throws {
        try await withStage(Self.small) { stage in
            let plan = try await stage.run("plan", "001_hash_tags")
            let same = try await stage.run("-migration", "001_hash_tags", "plan", "001_hash_tags")
            let option = try await stage.run("-migration", "001_hash_tags", "plan")
            #expect(plan.exitStatus == 0 && plan.standardOutput == option.standardOutput, "\(plan)")
            #expect(same.standardOutput == option.standardOutput, "\(same)")
            for command in ["plan", "apply", "verify", "cleanup", "rollback", "approve", "revoke", "retry"] {
                let phase = command == "approve" ? ["apply"] : []
                let two = try await stage.run(["-migration", "001_hash_tags", command, "002_timestamps"] + phase)
                #expect(two.exitStatus == 64 && two.standardError.contains("give one name"), "\(command): \(two)")
            }
            for arguments in [["apply", "001_hash_tags", "-y"], ["verify", "001_hash_tags"]] {
                let result = try await stage.run(arguments)
                #expect(result.exitStatus == 0, "\(result)")
            }
            let cleanup = try await stage.run("cleanup", "001_hash_tags", "--yes")
            #expect(cleanup.exitStatus == 0 && cleanup.standardError.contains("yes, by --yes"), "\(cleanup)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test(
        "--yes answers the question and shows the plan all the same, and -force=false asks",
        arguments: ["-y", "-yes"]
    )
    func yes(option: String) async throws {
        try await withStage(Self.small) { stage in
            let declined = try await stage.run("-auto-approve=false", "-yes=false", "apply", "001_hash_tags")
            #expect(declined.exitStatus == 1, "\(declined)")
            let apply = try await stage.run("apply", "001_hash_tags", option)
            #expect(apply.exitStatus == 0 && apply.standardError.contains("raises the schema to 1"), "\(apply)")
            let asked = try await stage.run("-force=false", "rollback", "001_hash_tags")
            #expect(asked.exitStatus == 1 && asked.standardError.contains("Nothing was removed"), "\(asked)")
            let rollback = try await stage.run("-force=TRUE", "-yes=1", "rollback", "001_hash_tags")
            #expect(rollback.exitStatus == 0, "\(rollback)")
            let wrong = try await stage.run("-force=perhaps", "rollback", "001_hash_tags")
            #expect(wrong.exitStatus == 64 && wrong.standardError.contains("true or false"), "\(wrong)")
        }
    }

    @Test("-q says nothing where all goes well, and what is wrong all the same")
    func quiet() async throws {
        try await withStage(Self.small) { stage in
            for words in [
                ["apply", "001", "-auto-approve", "-q"], ["verify", "-quiet", "001"],
                ["cleanup", "001", "-force", "-q"],
                ["-q", "wait", "--version", "1"], ["pause", "-q"], ["-q", "resume"], ["pin", "1", "-q"],
                ["unpin", "-q"],
                ["retry", "-q"], ["reconcile", "-q"], ["unlock", "-q"],
            ] {
                let result = try await stage.run(words)
                #expect(result.exitStatus == 0, "\(words): \(result)")
                #expect(result.standardOutput.isEmpty && result.standardError.isEmpty, "\(words): \(result)")
            }
            let converge = try await stage.run(["converge", "-q"], with: Stage.untended)
            #expect(converge.exitStatus == 0 && converge.standardError.isEmpty, "\(converge)")
            #expect(converge.standardOutput.isEmpty, "\(converge)")
            let early = try await stage.run("verify", "002", "-q")
            #expect(early.exitStatus == 1 && early.standardError.contains("not applied"), "\(early)")
            #expect(try await stage.run("pause", "-q").exitStatus == 0)
            let paused = try await stage.run(["converge", "-q"], with: Stage.untended)
            #expect(paused.exitStatus == 75 && paused.standardError.contains("Paused by"), "\(paused)")
        }
    }

    @Test("a migration is named by its number too, and history and status --held ask for one")
    func numbers() async throws {
        try await withStage(Self.small) { stage in
            #expect(try await stage.run("apply", "001", "-auto-approve").exitStatus == 0)
            #expect(try await stage.run("pause").exitStatus == 0)
            #expect(try await stage.run("resume").exitStatus == 0)
            #expect(try await stage.run("-migration", "001", "verify").exitStatus == 0)
            #expect(try await stage.run("apply", "002", "-auto-approve").exitStatus == 0)
            #expect(try await stage.run("status", "--held", "001").exitStatus == 0)
            for words in [["history", "001"], ["history", "--migration", "001_hash_tags"]] {
                let history = try await stage.run(words)
                let lines = history.standardOutput.split(separator: "\n")
                #expect(lines.count == 4 && lines.allSatisfy { $0.contains("migration=001_hash_tags") }, "\(history)")
            }
            let last = try await stage.run("history", "001", "--count", "1")
            #expect(last.standardOutput.contains("schema version raised"), "\(last)")
            #expect(try await stage.run("retry", "002").standardOutput.contains("002_timestamps"))
            let order = try await stage.text("outpost:migration:retry")
            #expect(order?.contains("002_timestamps") == true, "daemons know no numbers")
            for words in [["history", "nope"], ["plan", "00"], ["apply", "1"], ["status", "--held", "004"]] {
                let unknown = try await stage.run(words)
                #expect(
                    unknown.exitStatus == 64 && unknown.standardError.contains("known are: 001_hash_tags"),
                    "\(unknown)"
                )
            }
        }
    }

    @Test("plan and verify without a name are about all that is pending and all that is applied, in order")
    func all() async throws {
        try await withStage(Self.small) { stage in
            let nothing = try await stage.run("verify")
            #expect(nothing.exitStatus == 0 && nothing.standardOutput.contains("Nothing is applied"), "\(nothing)")
            let plan = try await stage.run("plan")
            #expect(plan.exitStatus == 0, "\(plan)")
            let heads = plan.standardOutput.split(separator: "\n").filter { $0.hasPrefix("[") }
            #expect(heads == ["[1 of 3] 001_hash_tags", "[2 of 3] 002_timestamps", "[3 of 3] 003_entity"], "\(plan)")
            #expect(try await stage.run("apply", "001_hash_tags", "-y").exitStatus == 0)
            let verify = try await stage.run("verify")
            #expect(verify.exitStatus == 0 && verify.standardOutput.contains("[1 of 1] 001_hash_tags"), "\(verify)")
            #expect(verify.standardOutput.contains("Schema version 1"), "\(verify)")
            let rest = try await stage.run("plan")
            #expect(rest.standardOutput.contains("[1 of 2] 002_timestamps"), "\(rest)")
            #expect(try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"]).exitStatus == 0)
            let done = try await stage.run("plan")
            #expect(done.exitStatus == 0 && done.standardOutput == "Nothing is pending: the schema is at version 3.\n")
        }
    }

    @Test("plan of all that is pending goes on behind one with conflicts, and ends with 1")
    func worst() async throws {
        try await withStage(Self.small) { stage in
            try await stage.send("HSET", "tenant:bad", "id", "bad", "created_at", "x")
            try await stage.send("HSET", "tenant:{bad}:tenant", "id", "bad", "created_at", "y")
            let plan = try await stage.run("plan")
            #expect(plan.exitStatus == 1 && plan.standardOutput.contains("[3 of 3] 003_entity"), "\(plan)")
        }
    }

    @Test(
        "words of the other tools are refused with ours",
        arguments: [
            (["init"], "wait --version N --timeout 0"), (["init", "--current"], "wait --version N --timeout 0"),
            (["apply", "--all"], "migrateredis converge"), (["apply", "--all", "--yes"], "migrateredis converge"),
            (["apply", "--rerun"], "caught up"), (["plan", "--redis-only"], "Redis only"),
            (["plan", "-sql-only"], "Outpost's own"), (["status", "--log-format=json"], "--output json"),
            (["migrate", "plan"], "Leave out the word migrate"), (["apply", "--yes"], "converge"),
        ]
    )
    func hints(arguments: [String], told: String) async throws {
        try await withStage(Self.small) { stage in
            let result = try await stage.run(arguments)
            #expect(result.exitStatus == 64 && result.standardError.contains(told), "\(result)")
        }
    }

    @Test("-c names the configuration file")
    func config() async throws {
        try await withStage(Self.small) { stage in
            let home = try TemporaryDirectory()
            let file = try home.write("lock: {ttl: 1}\n", to: "c.yaml")
            for arguments in [["-c", file, "status"], ["status", "-c", file]] {
                let result = try await stage.run(arguments)
                #expect(result.exitStatus == 78 && result.standardError.contains("lock.ttl"), "\(result)")
            }
        }
    }

    @Test("a password for a server that asks for none is no failure, and is told")
    func surplusPassword() async throws {
        try await withStage(Self.small) { stage in
            let result = try await stage.run("status", with: ["REDIS_PASSWORD": "hush hush", "REDIS_USERNAME": ""])
            #expect(result.exitStatus == 0 && result.standardError.contains("asks for no password"), "\(result)")
            #expect(
                result.standardError.contains("REDIS_PASSWORD") && !result.description.contains("hush"),
                "\(result)"
            )
            let daemon = try await stage.daemon(["REDIS_PASSWORD": "hush hush", "REDIS_USERNAME": ""])
            try await daemon.waitUntilConverged()
            #expect(daemon.lines("asks for no password").count == 1)
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("a wrong password that is a word of the server's refusal leaves that readable")
    func passwordPassword() async throws {
        try await withStage(Self.small, password: "right") { stage in
            let result = try await stage.run("status", with: ["REDIS_PASSWORD": "password"])
            #expect(result.exitStatus == 77, "\(result)")
            #expect(result.standardError.contains("WRONGPASS invalid username-password pair"), "\(result)")
            #expect(result.standardError.contains("The password is from REDIS_PASSWORD"), "\(result)")
        }
    }

    @Test("a stall for a timestamp names the fields to correct, and not resolve")
    func timestamp() async throws {
        try await withStage(Self.small) { stage in
            try await stage.send("HSET", "tenant:bad", "id", "bad", "created_at", "yesterday")
            let result = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(result.exitStatus == 1, "\(result)")
            let status = try await stage.run("status", with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(status.standardOutput.contains("created_at or updated_at with HSET"), "\(status)")
            #expect(!status.standardOutput.contains("migrateredis resolve"), "\(status)")
            try await stage.send("HSET", "tenant:{bad}:tenant", "created_at", "")
            let again = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(again.exitStatus == 0, "\(again)")
        }
    }
}
