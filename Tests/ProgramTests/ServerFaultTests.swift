import Foundation
import TestSupport
import Testing

@Suite("A server that is not there, or not as it was")
struct ServerFaultTests {
    @Test("A daemon is ready without a server, says where it looks, and converges once there is one")
    func absentAtStart() async throws {
        try await Places.shared.take { try await absentServer() }
    }

    private func absentServer() async throws {
        let server = try await RedisServer.start(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let keyspace = Keyspace(tenants: 4)
        try await server.load(keyspace.asText)
        let stage = try await Stage(server: server, keyspace: keyspace)
        await server.stop()

        let socket = try NotifySocket()
        let daemon = try await stage.daemon(socket.variables)
        try await socket.waitFor("READY=1")
        let status = try await socket.waitForStatus(containing: server.socketPath)
        #expect(status.contains("waiting"), "\(status)")
        try await daemon.waitForLine("waiting", "reason=RedisUnreachable", server.socketPath)

        try await server.restart()
        try await daemon.waitUntilConverged()
        try await socket.waitForStatus(containing: "schema v1: converged")
        #expect(await daemon.stop() == .exited(0))
        expectNone(try await stage.faultOfConverged())
        await server.close()
    }

    @Test("A server that is killed in mid-apply and comes back with its data: the daemon converges")
    func restartedWithData() async throws {
        try await withStage(arguments: ["--appendonly", "yes", "--appendfsync", "always"]) { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await eventually(timeout: .seconds(30), "the first copies") {
                (try await stage.send(["EXISTS"] + stage.keyspace.newNames.values).integer ?? 0) > 0
            }
            await stage.server.kill()
            try await daemon.waitForLine("step failed", "phase=apply")
            try await stage.server.restart()
            try await daemon.waitUntilConverged(timeout: .seconds(60))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("A server that restarts between verify and cleanup is verified again before old keys go")
    func restartedBeforeCleanup() async throws {
        try await withStage(arguments: ["--appendonly", "yes", "--appendfsync", "always"]) { stage in
            for arguments in [["apply", "-auto-approve"], ["verify"]] {
                let result = try await stage.run(["-migration", "001_hash_tags"] + arguments)
                #expect(result.exitStatus == 0, "\(result)")
            }
            await stage.server.kill()
            try await stage.server.restart()
            let cleanup = try await stage.run("-migration", "001_hash_tags", "cleanup", "-force")
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    /// How far the daemon has come when the data vanish.
    enum Loss: String, CaseIterable, Sendable {
        case inApply
        case converged
    }

    @Test(
        "A server that comes back empty is no reason to go on: DataLost, and nothing is written but that",
        arguments: Loss.allCases
    )
    func restartedEmpty(loss: Loss) async throws {
        try await withStage { stage in
            let socket = try NotifySocket()
            var variables = ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"].merging(socket.variables) { $1 }
            if loss == .inApply { variables.merge(Stage.slow) { $1 } }
            let daemon = try await stage.daemon(variables)
            switch loss {
            case .inApply:
                try await eventually(timeout: .seconds(30), "the first copies") {
                    (try await stage.send(["EXISTS"] + stage.keyspace.newNames.values).integer ?? 0) > 0
                }
            case .converged:
                try await daemon.waitForLine("converged", "reason=CleanupPending")
            }
            await stage.server.kill()
            try await stage.server.restart()
            try await daemon.waitForLine("stalled", "reason=DataLost")
            try await socket.waitForStatus(containing: "stalled (DataLost)")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.send("DBSIZE").integer == 0)
            #expect(try await stage.calls(of: "set") == 0)
            #expect(try await stage.calls(of: "copy") == 0)
        }
    }
}
