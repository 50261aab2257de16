import Foundation
import TestSupport
import Testing

@Suite("Waiting for the schema, and what happened")
struct WaitTests {
    @Test("wait returns when the version is reached, and says meanwhile what it waits for")
    func reaches() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            let waiting = try await stage.start("wait", with: ["MIGRATEREDIS_SCHEMA_TARGET": "1"])
            try await waiting.waitForOutput(containing: "schema version 1, it is at 0")
            #expect(try await stage.converge().exitStatus == 0)
            #expect(try await waiting.waitForExit(timeout: .seconds(10)) == .exited(0))
            #expect(waiting.standardOutput == "Schema version 1.\n")
            let above = try await stage.run("wait", "--version", "0", "--timeout", "0")
            #expect(above.exitStatus == 0 && above.standardOutput == "Schema version 1.\n", "\(above)")
        }
    }

    @Test("wait ends with 75 when it takes too long, and names who holds things up")
    func timesOut() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            #expect(try await stage.run("pause", "--reason", "audit").exitStatus == 0)
            let began = ContinuousClock.now
            let result = try await stage.run("wait", "--version", "1", "--timeout", "1s")
            #expect(began.duration(to: .now) >= .seconds(1))
            #expect(result.exitStatus == 75 && result.standardError.contains("audit"), "\(result)")
            #expect(result.standardOutput.isEmpty)
        }
    }

    @Test("wait outlives a Redis that is away")
    func redisAway() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let waiting = try await stage.start("wait", "--version", "1")
            try await waiting.waitForOutput(containing: "it is at 0")
            await stage.server.kill()
            try await waiting.waitForOutput(containing: "No connection")
            try await stage.server.restart()
            try await stage.send("SET", "outpost:schema:version", "1")
            #expect(try await waiting.waitForExit(timeout: .seconds(20)) == .exited(0))
            let nobody = try await stage.run(
                ["wait", "--timeout", "300ms"],
                with: ["REDIS_SOCKET": "/nonexistent/redis.sock"]
            )
            #expect(nobody.exitStatus == 75, "\(nobody)")
        }
    }

    @Test(
        "what is no version and no time is wrong usage",
        arguments: [["--version", "-1"], ["--timeout", "soon"], ["--timeout", "5"]]
    )
    func usage(arguments: [String]) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let result = try await stage.run(["wait"] + arguments)
            #expect(result.exitStatus == 64, "\(result)")
        }
    }

    @Test("history tells what happened in order, in words and as JSON lines, and steers no terminal")
    func history() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let reason = "odd \u{1B}[2J \"words\"\n"
            #expect(try await stage.run("pause", "--reason", reason, "--for", "1h").exitStatus == 0)
            #expect(try await stage.run("resume").exitStatus == 0)
            #expect(try await stage.converge().exitStatus == 0)
            let text = try await stage.run("history")
            let lines = text.standardOutput.split(separator: "\n").map(String.init)
            #expect(lines[0].contains("all work paused") && lines[0].contains(#"\x1b[2J \"words\"\x0a"#), "\(lines[0])")
            #expect(lines[1].contains("work resumed"))
            #expect(lines.last?.contains("to=cleaned") == true, "\(lines)")
            #expect(lines.map { $0.prefix(24) } == lines.map { $0.prefix(24) }.sorted())
            #expect(!text.standardOutput.contains("\u{1B}"))

            let json = try await stage.run("history", "--count", "2", "--output", "json")
            let objects = try json.standardOutput.split(separator: "\n").map { line in
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            }
            #expect(objects.count == 2 && objects.last??["to"] == "cleaned", "\(json)")
            #expect(objects.allSatisfy { $0?["time"]?.hasSuffix("Z") == true && $0?["event"] == "phaseChanged" })

            try await stage.send("UNLINK", "outpost:migration:history")
            try await stage.send("SET", "outpost:migration:history", "no stream")
            let odd = try await stage.run("history")
            #expect(odd.exitStatus == 1 && odd.standardError.contains("outpost:migration:history"), "\(odd)")
        }
    }
}
