import Foundation
import TestSupport
import Testing

@Suite("A connection that the other side closes while it rests")
struct IdleConnectionTests {
    // MARK: While a person thinks

    private static let questions: [(command: [String], answer: String)] = [
        (["-migration", "001_hash_tags", "apply"], "is applied"),
        (["-migration", "001_hash_tags", "rollback"], "is rolled back"),
        (["-migration", "001_hash_tags", "cleanup"], "removed"),
        (["unlock"], "The migration lock is removed"),
        (
            ["resolve", "001_hash_tags", "--all", "--reason-is", "foreign", "--keep", "source"],
            "settled, the source kept"
        ),
    ]

    @Test("while a question is on the screen: the answer counts", arguments: Self.questions.indices)
    func question(index: Int) async throws {
        let (command, answer) = Self.questions[index]
        try await withStage(Keyspace(tenants: 3), arguments: ["--timeout", "1"]) { stage in
            try await prepare(command[0] == "-migration" ? command[2] : command[0], stage)
            let input = try InputPipe()
            let process = try await RunningProcess.start(
                try ProductPath.find("migrateredis"),
                command,
                environment: stage.address,
                directory: stage.server.directory,
                pipe: input
            )
            try await process.waitForOutput(containing: "[y/N]", timeout: .seconds(30))
            try await eventually("the server to close what rests") {
                try await !stage.server.cli("CLIENT", "LIST").contains("name=migrateredis")
            }
            try input.say("y")
            #expect(try await process.waitForExit(timeout: .seconds(30)) == .exited(0), "\(process.standardError)")
            #expect(process.standardOutput.contains(answer), "\(process.standardOutput)")
            #expect(!process.standardError.contains("was lost"))
        }
    }

    /// Brings the keyspace to where a command asks.
    private func prepare(_ command: String, _ stage: Stage) async throws {
        switch command {
        case "rollback": try await run(stage, "-migration", "001_hash_tags", "apply", "-auto-approve")
        case "cleanup":
            try await run(stage, "-migration", "001_hash_tags", "apply", "-auto-approve")
            try await run(stage, "-migration", "001_hash_tags", "verify")
        case "unlock":
            try await stage.send("SET", "outpost:migration:lock", "migration=x, started=2024-01-01T00:00:00Z")
        case "resolve":
            try await stage.send("HSET", "tenant:{t1}:tenant", "id", "t1", "name", "theirs")
            let result = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(result.exitStatus == 1, "\(result)")
        default: break
        }
    }

    private func run(_ stage: Stage, _ arguments: String...) async throws {
        let result = try await stage.run(arguments)
        #expect(result.exitStatus == 0, "\(result)")
    }

    // MARK: Between two passes

    /// A keyspace that was converged in one go, and a daemon that looks again and again and says nothing of it.
    private func expectQuiet(_ stage: Stage, address: [String: String], interval: String, looks: Int) async throws {
        let converged = try await stage.converge()
        #expect(converged.exitStatus == 0, "\(converged)")
        let home = try TemporaryDirectory()
        let metrics = home.file("metrics.prom")
        let daemon = try await stage.daemon(
            address.merging([
                "MIGRATEREDIS_RECONCILE_INTERVAL": interval, "MIGRATEREDIS_METRICS_TEXTFILE": metrics,
            ]) { $1 },
            without: address["REDIS_HOST"] == nil ? [] : ["REDIS_SOCKET"]
        )
        try await daemon.waitUntilConverged()
        let before = try await stage.calls(of: "info")
        // Each look asks six sections; the test's own two are few beside them.
        try await eventually(timeout: .seconds(60), "\(looks) looks") {
            let text = try String(contentsOfFile: metrics, encoding: .utf8)
            #expect(text.contains("migrateredis_redis_up 1"))
            return try await stage.calls(of: "info") - before >= 6 * looks
        }
        for word in ["waiting", "lost", "stalled", "RedisUnreachable"] {
            #expect(daemon.lines(word).isEmpty, "\(daemon.standardError)")
        }
        #expect(daemon.lines("converged").count == 1, "\(daemon.standardError)")
        // Orders are heard all the same, and at once.
        let paused = try await stage.run("pause")
        #expect(paused.exitStatus == 0, "\(paused)")
        try await daemon.waitForLine("waiting", "reason=Paused", timeout: .seconds(20))
        #expect(await daemon.stop() == .exited(0))
    }

    @Test("by the server's timeout, between two passes: nobody hears of it")
    func serverTimeout() async throws {
        try await withStage(Keyspace(tenants: 2), arguments: ["--timeout", "1"]) { stage in
            try await expectQuiet(stage, address: [:], interval: "3s", looks: 4)
        }
    }

    @Test("by HAProxy, between two passes: nobody hears of it, and orders are heard")
    func proxyTimeout() async throws {
        try await withStage(Keyspace(tenants: 2), tcp: true) { stage in
            let port = try #require(stage.server.port)
            let proxy = try await HAProxy.start(before: port, idleMilliseconds: 2000)
            let address = ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(proxy.port)"]
            try await expectQuiet(stage, address: address, interval: "4s", looks: 6)
            await proxy.stop()
        }
    }

    @Test("by HAProxy, while a step works slowly: it ends as if nothing had been")
    func proxyTimeoutInSteps() async throws {
        try await withStage(Keyspace(tenants: 20), tcp: true) { stage in
            let port = try #require(stage.server.port)
            let proxy = try await HAProxy.start(before: port, idleMilliseconds: 1000)
            let daemon = try await stage.daemon(
                ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(proxy.port)"].merging(Stage.slow) { $1 },
                without: ["REDIS_SOCKET"]
            )
            try await daemon.waitUntilConverged(timeout: .seconds(60))
            #expect(daemon.lines("step failed").isEmpty, "\(daemon.standardError)")
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            await proxy.stop()
        }
    }
}
