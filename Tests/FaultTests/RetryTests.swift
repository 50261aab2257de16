import TestSupport
import Testing

@Suite("Retries")
struct RetryTests {
    @Test("A server that takes no writes is asked less and less often, and is noticed when it takes them again")
    func readOnly() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=apply")
            try await stage.send("REPLICAOF", "127.0.0.1", "1")
            try await daemon.waitForLine("waiting", "reason=NotMaster")
            // Each look asks for the time once.
            let before = try await stage.calls(of: "time")
            try await Task.sleep(for: .seconds(8))
            let looks = try await stage.calls(of: "time") - before
            #expect(looks >= 1 && looks <= 12, "\(looks) looks in 8 seconds:\n\(daemon.standardError.prefix(2000))")
            #expect(daemon.lines("step started").count == 2, "\(daemon.standardError.prefix(2000))")
            try await stage.send("REPLICAOF", "NO", "ONE")
            try await daemon.waitUntilConverged(timeout: .seconds(60))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }
}
