import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("A strained server, as people see it")
struct StrainTests {
    private static let pace = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "150"]

    /// Sets the limit so that so many percent of it are in use, and half a percent more; by ballast in another database,
    /// beside which single keys count for little.
    private func fill(_ stage: Stage, percent: Int) async throws {
        let connection = try await stage.connect(database: 1)
        for number in 0..<50 {
            _ = try await connection.send("SETRANGE", Bytes("ballast:\(number)"), Bytes("1048575"), Bytes("x"))
        }
        await connection.close()
        let used = try await stage.info("memory", "used_memory")
        try await stage.send("CONFIG", "SET", "maxmemory", "\(used * 1000 / (10 * percent + 5))")
    }

    @Test(
        "the daemon says why it is slowed in STATUS=, journal, metrics and status; and that it stopped, without failing"
    )
    func daemon() async throws {
        try await withStage(Keyspace(tenants: 150)) { stage in
            try await fill(stage, percent: 94)
            let socket = try NotifySocket()
            let home = try TemporaryDirectory()
            let metrics = home.file("metrics.prom")
            let daemon = try await stage.daemon(
                Self.pace.merging(socket.variables) { $1 }.merging(["MIGRATEREDIS_METRICS_TEXTFILE": metrics]) { $1 }
            )
            try await socket.waitForStatus(containing: ", slowed: memory is at 9")
            try await daemon.waitForLine("progress", "slowed: memory is at 9")
            let text = try await stage.run("status").standardOutput
            #expect(text.contains("001_hash_tags is slowed: memory is at 9"), "\(text)")
            let json = try await stage.run("status", "--output", "json").standardOutput
            #expect(json.contains(#""degree" : "slowed""#) || json.contains(#""degree":"slowed""#), "\(json)")
            let file = try String(contentsOfFile: metrics, encoding: .utf8)
            let gauge = file.split(separator: "\n").first { $0.hasPrefix("migrateredis_step_strain{") }
            #expect(gauge?.hasSuffix(" 1") == true, "\(gauge ?? "")")

            let used = try await stage.info("memory", "used_memory")
            try await stage.send("CONFIG", "SET", "maxmemory", "\(used * 1000 / 985)")
            try await socket.waitForStatus(containing: ", stopped: memory is at 9")

            // A person may still stop it, and so may systemd.
            let began = ContinuousClock.now
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(began.duration(to: .now) < .seconds(3))
            #expect(daemon.lines("step failed").isEmpty)
            let after = try await stage.run("status").standardOutput
            #expect(!after.contains("is stopped"), "nobody walks any more: \(after)")

            try await stage.send("CONFIG", "SET", "maxmemory", "0")
            let next = try await stage.daemon()
            try await next.waitUntilConverged()
            #expect(await next.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("by hand it is said once, even where nobody watches a bar, and once that it goes on")
    func byHand() async throws {
        try await withStage(Keyspace(tenants: 150)) { stage in
            try await fill(stage, percent: 98)
            let apply = try await stage.start("-migration", "001_hash_tags", "apply", "-auto-approve", with: Self.pace)
            try await apply.waitForOutput(containing: "applying is stopped: memory is at 9")
            try await stage.send("CONFIG", "SET", "maxmemory", "0")
            try await apply.waitForOutput(containing: "applying goes on")
            #expect(try await apply.waitForExit(timeout: .seconds(30)) == .exited(0))
            #expect(apply.standardError.components(separatedBy: "is stopped").count == 2, "\(apply.standardError)")
        }
    }

    @Test("a reload changes the pace of the step in hand, in both directions")
    func reload() async throws {
        try await withStage(Keyspace(tenants: 150)) { stage in
            let home = try TemporaryDirectory()
            func limited(_ rate: Int) -> String { "schema:\n  target: 1\nlimits:\n  keys-per-second: \(rate)\n" }
            let file = try home.write(limited(150), to: "config.yaml")
            let daemon = try await stage.daemon(without: ["MIGRATEREDIS_SCHEMA_TARGET"], arguments: ["--config", file])
            try await daemon.waitForLine("step started", "phase=apply")
            try await eventually("the first copies") { try await copies(stage) > 0 }

            try home.write(limited(10), to: "config.yaml")
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("configuration reloaded")
            let slow = try await copies(stage)
            try await Task.sleep(for: .seconds(3))
            let more = try await copies(stage) - slow
            // Ten a second, and one batch of the old pace.
            #expect(more > 0 && more <= 50, "\(more)")

            // At this pace the rest would take the better part of a minute.
            try home.write(limited(100), to: "config.yaml")
            daemon.signal(SIGHUP)
            try await eventually("the second reload") { daemon.lines("configuration reloaded").count == 2 }
            let before = try await copies(stage)
            let began = ContinuousClock.now
            try await eventually("a hundred copies more") { try await copies(stage) >= before + 100 }
            let quick = began.duration(to: .now)
            #expect(quick < .seconds(5), "\(quick)")

            try home.write(limited(0), to: "config.yaml")
            daemon.signal(SIGHUP)
            try await daemon.waitUntilConverged()
            #expect(daemon.lines("step started", "phase=apply").count == 1)
            #expect(daemon.lines("step failed").isEmpty)
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    private func copies(_ stage: Stage) async throws -> Int { try await stage.calls(of: "copy") }
}
