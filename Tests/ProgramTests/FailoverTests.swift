import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("By sentinels, the programs")
struct FailoverTests {
    private func address(_ servers: SentinelServers) -> [String: String] {
        ["REDIS_SOCKET": "", "REDIS_SENTINELS": servers.addresses, "REDIS_SENTINEL_MASTER": "main"]
    }

    /// Lends a stage whose data have reached both replicas.
    private func withStage(
        _ keyspace: Keyspace,
        _ body: (SentinelServers, Stage) async throws -> Void
    ) async throws {
        try await Places.shared.take {
            try await withSentinels { servers in
                let connection = try await RedisConnection.open(servers.options)
                var commands = CommandBuffer()
                for words in keyspace.commands { commands.append(words: words) }
                commands.append("WAIT", "2", "10000")
                let replies = try await connection.pipeline(commands, timeout: .seconds(20)).unlessError()
                #expect(replies.last?.integer == 2)
                await connection.close()
                try await body(servers, Stage(server: servers.servers[0], keyspace: keyspace))
            }
        }
    }

    @Test("both converge, and tell where the master is and who said so")
    func converges() async throws {
        try await withStage(Keyspace(tenants: 3)) { servers, stage in
            let port = stage.server.port ?? 0
            let apply = try await stage.run(
                ["-migration", "001_hash_tags", "apply", "-auto-approve"],
                with: address(servers)
            )
            #expect(apply.exitStatus == 0, "\(apply)")
            let status = try await stage.run(["status"], with: address(servers))
            #expect(status.standardOutput.contains("127.0.0.1:\(port), master main"), "\(status)")
            let daemon = try await stage.daemon(address(servers))
            try await daemon.waitUntilConverged()
            #expect(daemon.standardError.contains("master main (of sentinels "))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("a name that no sentinel knows: exit 78, and the daemon stalls with what each said")
    func unknownName() async throws {
        try await withStage(Keyspace(tenants: 1)) { servers, stage in
            let variables = address(servers).merging(["REDIS_SENTINEL_MASTER": "mian"]) { $1 }
            let status = try await stage.run(["status"], with: variables)
            #expect(status.exitStatus == 78, "\(status)")
            #expect(status.standardError.contains("knows no such master"), "\(status)")
            let daemon = try await stage.daemon(variables)
            try await daemon.waitForLine("stalled", "knows no such master")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test(
        "a master that is killed in the middle of a phase: the daemon follows, and all is right in the end",
        arguments: ["apply", "verify", "cleanup"]
    )
    func killed(phase: String) async throws {
        try await withStage(Keyspace(tenants: 12)) { servers, stage in
            let daemon = try await stage.daemon(address(servers).merging(Stage.slow) { $1 })
            try await daemon.waitForLine("step started", "phase=\(phase)")
            await stage.server.kill()
            let master = try await servers.master(after: stage.server)
            try await daemon.waitUntilConverged(after: servers)
            #expect(await daemon.stop() == .exited(0))
            let fault = try await stage.moved(to: master).faultOfConverged()
            #expect(fault == nil, "\(fault ?? "")\n\(daemon.standardError)")
        }
    }

    @Test("a master that is stopped, replaced and let go again gets no more writes that count")
    func stopped() async throws {
        try await withStage(Keyspace(tenants: 12)) { servers, stage in
            let daemon = try await stage.daemon(address(servers).merging(Stage.slow) { $1 })
            try await daemon.waitForLine("step started", "phase=apply")
            try await stage.server.pause()
            let master = try await servers.master(after: stage.server)
            stage.server.resume()
            try await daemon.waitUntilConverged(after: servers)
            #expect(await daemon.stop() == .exited(0))
            let fault = try await stage.moved(to: master).faultOfConverged()
            #expect(fault == nil, "\(fault ?? "")\n\(daemon.standardError)")
        }
    }

    @Test("converge by hand does not say that it is done when the master goes away under it")
    func byHand() async throws {
        try await withStage(Keyspace(tenants: 12)) { servers, stage in
            let converge = try await stage.start(
                "converge",
                with: address(servers).merging(Stage.untended) { $1 }.merging(Stage.slow) { $1 }
            )
            try await eventually(timeout: .seconds(30), "the lock") { try await stage.lock() != nil }
            await stage.server.kill()
            let master = try await servers.master(after: stage.server)
            let end = try await converge.waitForExit(timeout: .seconds(120))
            let moved = stage.moved(to: master)
            if end == .exited(0) {
                let fault = try await moved.faultOfConverged()
                #expect(fault == nil, "\(fault ?? "")\n\(converge.standardError)")
            } else {
                let again = try await moved.run(["converge"], with: address(servers).merging(Stage.untended) { $1 })
                #expect(again.exitStatus == 0, "\(again)\n\(converge.standardError)")
                expectNone(try await moved.faultOfConverged())
            }
        }
    }
}

extension RunningProcess {
    /// Waits for the end, and tells what the sentinels did if it does not come: a second failover may have lost data.
    fileprivate func waitUntilConverged(after servers: SentinelServers) async throws {
        do {
            try await waitUntilConverged(timeout: .seconds(90))
        } catch {
            throw TestSupportError("\(error)\nThe sentinels: \(servers.sentinels.map(\.switches))")
        }
    }
}
