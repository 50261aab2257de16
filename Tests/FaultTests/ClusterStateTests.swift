import RedisClient
import TestSupport
import Testing

@Suite("A cluster that is not whole")
struct ClusterStateTests {
    @Test("slots that nobody has: it waits and says so, and once they are covered all is done")
    func uncovered() async throws {
        try await withClusterStage(Keyspace(tenants: 12)) { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=apply")
            let slot = "\(Slot(of: Bytes("tenant:t1:destinations")).number)"
            let owner = try #require(
                stage.cluster.masters.indices.first { stage.cluster.share(of: $0).contains(Int(slot) ?? 0) }
            )
            for master in stage.cluster.masters { _ = try? await master.cli("CLUSTER", "DELSLOTS", slot) }
            try await daemon.waitForLine("step failed", timeout: .seconds(60))
            try await stage.cluster.masters[owner].cli("CLUSTER", "ADDSLOTS", slot)
            try await daemon.waitUntilConverged(timeout: .seconds(90))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test(
        "a master without a replica dies and comes back with its data, in each phase",
        arguments: ["apply", "cleanup"]
    )
    func masterRestarts(phase: String) async throws {
        let durable = ["--appendonly", "yes", "--appendfsync", "always"]
        try await withClusterStage(Keyspace(tenants: 12), arguments: durable) { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=\(phase)", timeout: .seconds(60))
            try await Task.sleep(for: .milliseconds(500))
            await stage.cluster.masters[1].kill()
            // Longer than the nodes wait for one another: CLUSTERDOWN.
            try await Task.sleep(for: .seconds(4))
            try await stage.cluster.masters[1].restart()
            try await daemon.waitUntilConverged(timeout: .seconds(90))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }
}
