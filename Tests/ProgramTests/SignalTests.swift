import Foundation
import TestSupport
import Testing

@Suite("Asked to stop or to reload")
struct SignalTests {
    /// More keys than two pages of a scan, at a pace of two pages in more than a second: so that checkpoints are written.
    private static let large = Keyspace(tenants: 150)
    private static let pace = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "300"]

    @Test("SIGTERM in apply ends the daemon soon, with a checkpoint from which the next goes on")
    func terminate() async throws {
        try await withStage(Self.large) { stage in
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(Self.pace.merging(socket.variables) { $1 })
            try await eventually(timeout: .seconds(45), "a checkpoint") {
                try await stage.state()?["checkpoint"] != nil
            }
            let began = ContinuousClock.now
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(began.duration(to: .now) < .seconds(5))
            #expect(socket.assignments.contains("STOPPING=1"))
            #expect(daemon.lines("step failed").isEmpty)

            #expect(try await stage.phase() == "applying")
            #expect(try await stage.state()?["checkpoint"] != nil)
            #expect(try await stage.lock() == nil)

            let next = try await stage.daemon()
            let line = try await next.waitForLine("step finished", "phase=apply")
            let written = line.split(separator: "\"").lazy.compactMap { Int($0.prefix { $0.isNumber }) }.first
            #expect(try #require(written) < stage.keyspace.moving, "what was copied is not copied again: \(line)")
            try await next.waitUntilConverged()
            #expect(await next.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("SIGTERM twice ends it as once does", arguments: [SIGTERM, SIGINT])
    func twice(signal: Int32) async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=apply")
            daemon.signal(signal)
            daemon.signal(signal)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(try await stage.lock() == nil)
            let next = try await stage.daemon()
            try await next.waitUntilConverged()
            #expect(await next.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("SIGTERM in cleanup stops at the end of the batch, and the next daemon goes on")
    func terminateCleanup() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=cleanup")
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(try await stage.lock() == nil)
            let next = try await stage.daemon()
            try await next.waitUntilConverged()
            #expect(await next.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("SIGINT to apply by hand: exit 75, the lock is given back, and apply again goes on and says from where")
    func interruptApply() async throws {
        try await withStage(OutpostKeyspace(tenants: 120)) { stage in
            let apply = try await stage.start("-migration", "001_hash_tags", "apply", "-auto-approve", with: Stage.slow)
            try await eventually(timeout: .seconds(30), "a checkpoint") {
                let checkpoint = try await stage.state()?["checkpoint"] as? [String: Any]
                return (checkpoint?["processed_items"] as? Int ?? 0) > 0
            }
            apply.signal(SIGINT)
            #expect(try await apply.waitForExit() == .exited(75))
            #expect(
                apply.standardError.contains("Interrupted. Progress is saved; run it again to continue."),
                "\(apply.standardError)"
            )
            #expect(try await stage.lock() == nil)
            #expect(try await stage.phase() == "applying")
            let checkpoint = try await stage.state()?["checkpoint"] as? [String: Any]
            let earlier = try #require(checkpoint?["processed_items"] as? Int)
            let again = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(again.exitStatus == 0, "\(again)")
            #expect(
                again.standardError.contains("Resumed: an earlier run had already processed \(earlier) keys."),
                "\(again)"
            )
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("SIGINT to converge: exit 75, the lock is given back")
    func interruptConverge() async throws {
        try await withStage { stage in
            let converge = try await stage.start("converge", with: Stage.untended.merging(Stage.slow) { $1 })
            try await eventually(timeout: .seconds(30), "the lock") { try await stage.lock() != nil }
            converge.signal(SIGINT)
            #expect(try await converge.waitForExit() == .exited(75))
            #expect(try await stage.lock() == nil)
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    // MARK: SIGHUP

    @Test("SIGHUP takes a new target")
    func reload() async throws {
        try await withStage { stage in
            let home = try TemporaryDirectory()
            let file = try home.write("schema:\n  target: 0\n", to: "config.yaml")
            let socket = try NotifySocket()
            let daemon = try await configured(by: file, stage, socket)
            try await daemon.waitUntilConverged()
            #expect(try await stage.contents() == stage.before)

            try home.write("schema:\n  target: 1\n", to: "config.yaml")
            daemon.signal(SIGHUP)
            try await socket.waitFor("RELOADING=1")
            try await daemon.waitForLine("configuration reloaded")
            try await daemon.waitForLine("converged", "reason=Converged", "target_version=1")
            #expect(await daemon.stop() == .exited(0))
            #expect(socket.assignments.contains { $0.hasPrefix("MONOTONIC_USEC=") })
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test(
        "SIGHUP with a file that is wrong keeps the old configuration and says so",
        arguments: [
            "schema:\n  target: many\n", "schema:\n  target: 1\n  taregt: 1\n", "schema: [",
            "reconcile:\n  interval: 1s\n",
        ]
    )
    func reloadRefused(text: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let home = try TemporaryDirectory()
            let file = try home.write("schema:\n  target: 0\n", to: "config.yaml")
            let socket = try NotifySocket()
            let daemon = try await configured(by: file, stage, socket)
            try await daemon.waitUntilConverged()
            let contents = try await stage.contents()

            try home.write(text, to: "config.yaml")
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("configuration refused; the old one stays")
            try await socket.waitForStatus(containing: "configuration refused")
            #expect(socket.assignments.filter { $0 == "READY=1" }.count >= 2, "a reload ends with READY=1")

            // It still works by the old one, and takes the next good one.
            #expect(try await stage.contents() == contents)
            try home.write("schema:\n  target: 1\n", to: "config.yaml")
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("converged", "reason=Converged", "target_version=1")
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("SIGHUP during a step does not stop it")
    func reloadDuringStep() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=apply")
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("configuration reloaded")
            #expect(daemon.lines("step finished", "phase=apply").isEmpty, "it does not wait for the step")
            try await daemon.waitUntilConverged()
            #expect(daemon.lines("step started", "phase=apply").count == 1)
            #expect(daemon.lines("step failed").isEmpty)
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    /// A daemon whose target stands in a file.
    private func configured(by file: String, _ stage: Stage, _ socket: NotifySocket) async throws -> RunningProcess {
        try await stage.daemon(
            socket.variables,
            without: ["MIGRATEREDIS_SCHEMA_TARGET"],
            arguments: ["--config", file]
        )
    }
}
