import Foundation
import TestSupport
import Testing

@Suite("Killed at any moment")
struct KillTests {
    /// The moment of the kill: in the middle of a walk over the keys.
    enum Moment: String, CaseIterable, Sendable {
        case plan
        case apply
        case verify
        case catchUp
        case cleanup

        /// What makes the daemon come there and stay a while.
        var variables: [String: String] {
            self == .catchUp ? ["MIGRATEREDIS_CLEANUP_SOAK": "1h"] : [:]
        }
    }

    @Test("A daemon killed in a phase leaves what its successor finishes", arguments: Moment.allCases)
    func daemon(moment: Moment) async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow.merging(moment.variables) { $1 })
            try await daemon.waitForLine("step started", "phase=\(moment.rawValue)")
            try await middle(of: moment, stage)
            #expect(daemon.signal(SIGKILL))
            #expect(try await daemon.waitForExit() == .signaled(SIGKILL))
            #expect(daemon.lines("step finished", "phase=\(moment.rawValue)").isEmpty, "killed too late")

            // The lock of a dead process of this boot is taken over at once.
            let began = ContinuousClock.now
            let next = try await stage.daemon()
            try await next.waitUntilConverged()
            #expect(began.duration(to: .now) < .seconds(40))
            #expect(await next.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("apply killed in the middle is finished by the next apply")
    func applyByHand() async throws {
        try await withStage { stage in
            let apply = try await stage.start("-migration", "001_hash_tags", "-auto-approve", "apply", with: Stage.slow)
            try await middle(of: .apply, stage)
            #expect(apply.signal(SIGKILL))
            try await apply.waitForExit()
            #expect(try await stage.lock() != nil)
            #expect(try await stage.phase() == "applying")
            // Half a copy is no reason to believe in the other half.
            let verify = try await stage.run("-migration", "001_hash_tags", "verify")
            #expect(verify.exitStatus == 1, "\(verify)")
            #expect(try await stage.text("outpost:schema:version") == nil)

            for arguments in [["apply", "-auto-approve"], ["verify"], ["cleanup", "-force"]] {
                let result = try await stage.run(["-migration", "001_hash_tags"] + arguments)
                #expect(result.exitStatus == 0, "\(result)")
            }
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("cleanup killed in the middle is finished by the next cleanup")
    func cleanupByHand() async throws {
        try await withStage { stage in
            for arguments in [["apply", "-auto-approve"], ["verify"]] {
                let result = try await stage.run(["-migration", "001_hash_tags"] + arguments)
                #expect(result.exitStatus == 0, "\(result)")
            }
            let cleanup = try await stage.start("-migration", "001_hash_tags", "-force", "cleanup", with: Stage.slow)
            try await middle(of: .cleanup, stage)
            #expect(cleanup.signal(SIGKILL))
            try await cleanup.waitForExit()
            #expect(try await stage.phase() == "cleaning")
            // Whatever is gone has its copy.
            let between = try await stage.snapshot()
            let whole = stage.keyspace.expected(after: stage.before)
            #expect(whole.records.keys.allSatisfy { between.records[$0] != nil })

            let again = try await stage.run("-migration", "001_hash_tags", "cleanup", "-force")
            #expect(again.exitStatus == 0, "\(again)")
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    /// Waits until the phase has done some of its work, and cannot have done all of it.
    private func middle(of moment: Moment, _ stage: Stage) async throws {
        switch moment {
        case .apply:
            let keys = stage.keyspace.newNames.values.sorted()
            try await eventually(timeout: .seconds(30), "the first copies") {
                (try await stage.send(["EXISTS"] + keys).integer ?? 0) > 0
            }
        case .cleanup:
            let keys = stage.keyspace.newNames.keys.sorted()
            try await eventually(timeout: .seconds(30), "the first old keys to go") {
                (try await stage.send(["EXISTS"] + keys).integer ?? 0) < keys.count
            }
        case .plan, .verify, .catchUp:
            let reads = try await expiriesRead(stage)
            try await eventually(timeout: .seconds(30), "more reads") {
                try await expiriesRead(stage) > reads + 10
            }
        }
    }

    /// Every look at a pair asks when its source ends.
    private func expiriesRead(_ stage: Stage) async throws -> Int {
        try await stage.calls(of: "pexpiretime") + stage.calls(of: "pttl")
    }
}
