import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("A cluster")
struct ClusterTests {
    @Test("Converge moves every key of all masters, and one more run writes nothing")
    func converge() async throws {
        try await withClusterStage { stage in
            for master in stage.cluster.masters { #expect(try await master.cli("DBSIZE") != "0") }
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }

    @Test("All three migrations: names, times and kinds, on whichever node a record ends")
    func latest() async throws {
        try await withClusterStage(Keyspace(tenants: 30)) { stage in
            let result = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "latest"])
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.text("outpost:schema:version") == "3")
            let expected = Self.latest(of: stage.keyspace.expected(after: stage.before))
            #expect(try await ClusterStage.snapshot(of: stage.cluster).difference(from: expected) == nil)
        }
    }

    /// What the second and third migration make of the first one's result.
    private static func latest(of snapshot: Snapshot) -> Snapshot {
        var result = snapshot
        for (name, record) in snapshot.records where record.type == "hash" && name.hasPrefix("tenant:{") {
            let kind = name.hasSuffix("}:tenant") ? "tenant" : name.contains("}:destination:") ? "destination" : nil
            guard let kind else { continue }
            var content = record.content.map {
                $0 == "created_at=2026-01-01T00:00:00Z" ? "created_at=1767225600000" : $0
            }
            content.append("entity=\(kind)")
            result.records[name]?.content = content.sorted()
        }
        return result
    }

    @Test("By hand, phase by phase: plan counts the keys of all nodes, status names the cluster")
    func byHand() async throws {
        try await withClusterStage(Keyspace(tenants: 12)) { stage in
            let plan = try await stage.run("-migration", "001_hash_tags", "plan")
            #expect(plan.exitStatus == 0, "\(plan)")
            #expect(plan.standardOutput.contains("13"), "twelve tenants and one more: \(plan)")
            for phase in ["apply", "verify", "cleanup"] {
                let force = ["apply": "-auto-approve", "cleanup": "-force"][phase]
                let words = ["-migration", "001_hash_tags", phase] + (force.map { [$0] } ?? [])
                let result = try await stage.run(words)
                #expect(result.exitStatus == 0, "\(phase): \(result)")
            }
            #expect(try await stage.faultOfConverged() == nil)
            let status = try await stage.run(["status"])
            #expect(status.exitStatus == 0, "\(status)")
        }
    }

    @Test("A node of a cluster taken for a server, or a server for a cluster: told, and nothing is touched")
    func mistaken() async throws {
        try await withClusterStage(Keyspace(tenants: 2)) { stage in
            let changes = try await stage.changes()
            let result = try await stage.converge(with: ["REDIS_CLUSTER_ENABLED": "false"])
            #expect(result.exitStatus == 1, "\(result)")
            #expect(result.standardError.contains("REDIS_CLUSTER_ENABLED=true"), "\(result)")
            #expect(try await stage.changes() == changes)
        }
        try await withStage(Keyspace(tenants: 2), tcp: true) { stage in
            let changes = try await stage.changes()
            let port = String(try #require(stage.server.port))
            let result = try await stage.converge(with: [
                "REDIS_CLUSTER_ENABLED": "true", "REDIS_SOCKET": "", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": port,
            ])
            #expect(result.exitStatus == 1, "\(result)")
            #expect(result.standardError.contains("not part of a cluster"), "\(result)")
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("A slot left half moved only delays: the reason is told, and once it is settled all is done")
    func halfMoved() async throws {
        try await withClusterStage { stage in
            let slot = Slot(of: Bytes("tenant:t1:destinations")).number
            let owner = try #require(stage.cluster.masters.indices.first { stage.cluster.share(of: $0).contains(slot) })
            let source = stage.cluster.masters[owner]
            let target = stage.cluster.masters[(owner + 1) % 3]
            try await stage.cluster.move(slot: slot, from: source, to: target, isLeftHalfMoved: true)
            let daemon = try await stage.daemon()
            let line = try await daemon.waitForLine("step failed", "reason=ClusterUnsettled")
            #expect(line.contains("on its way"), "\(line)")
            #expect(try await stage.text("outpost:schema:version") == nil)
            try await stage.cluster.move(slot: slot, from: source, to: target)
            try await daemon.waitUntilConverged(timeout: .seconds(60))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("Slots that move all the time during every phase: nothing is lost, and it ends right", arguments: [7, 8])
    func resharding(seed: Int) async throws {
        try await withClusterStage(Keyspace(tenants: 60)) { stage in
            let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "60"])
            try await daemon.waitForLine("step started", "phase=apply")
            var random = SplitMix64(seed: UInt64(seed))
            var owners: [Int: Int] = [:]
            let end = ContinuousClock.now + .seconds(12)
            while ContinuousClock.now < end {
                // Slots that have something: those of the tenants' new and old names.
                let tenant = Int.random(in: 0..<60, using: &random)
                let names = [
                    "tenant:{t\(tenant)}:tenant", "tenant:t\(tenant)", "outpost:migration:lock",
                    "outpost:schema:version",
                ]
                let slot = Slot(of: Bytes(names[Int.random(in: 0..<4, using: &random)])).number
                let owner = try owners[slot] ?? #require((0..<3).first { stage.cluster.share(of: $0).contains(slot) })
                let next = (owner + Int.random(in: 1...2, using: &random)) % 3
                try await stage.cluster.move(
                    slot: slot,
                    from: stage.cluster.masters[owner],
                    to: stage.cluster.masters[next]
                )
                owners[slot] = next
            }
            try await daemon.waitUntilConverged(timeout: .seconds(90))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }

    @Test("A master is killed and its replica takes over, in each phase", arguments: ["apply", "verify", "cleanup"])
    func failover(phase: String) async throws {
        try await withClusterStage(Keyspace(tenants: 60), replicas: 1) { stage in
            let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "100"])
            try await daemon.waitForLine("step started", "phase=\(phase)")
            try await Task.sleep(for: .milliseconds(700))
            await stage.cluster.masters[2].kill()
            try await daemon.waitUntilConverged(timeout: .seconds(120))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("Ten daemons at once: one works at a time, and nothing is copied twice")
    func tenDaemons() async throws {
        try await withClusterStage(Keyspace(tenants: 12)) { stage in
            var daemons: [RunningProcess] = []
            for _ in 0..<10 { daemons.append(try await stage.daemon()) }
            for daemon in daemons { try await daemon.waitUntilConverged(timeout: .seconds(120)) }
            for daemon in daemons {
                #expect(daemon.lines("step failed").allSatisfy { $0.contains("reason=LockHeld") })
                #expect(await daemon.stop() == .exited(0))
            }
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.calls(of: "restore") == stage.keyspace.moving)
        }
    }

    @Test("A holder that was stopped and comes back writes nothing: every slot's epoch is another's by then")
    func stoppedHolder() async throws {
        try await withClusterStage(Keyspace(tenants: 60)) { stage in
            let lock = [
                "MIGRATEREDIS_LOCK_TTL": "8s", "MIGRATEREDIS_LOCK_STALE_AFTER": "3s",
                "MIGRATEREDIS_LOCK_RENEW_INTERVAL": "500ms",
            ]
            let slow = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "40"]
            let first = try await stage.daemon(lock.merging(slow) { $1 })
            try await first.waitForLine("step started", "phase=apply")
            try await Task.sleep(for: .milliseconds(1500))
            #expect(first.signal(SIGSTOP))
            let second = try await stage.daemon(lock)
            try await second.waitUntilConverged(timeout: .seconds(90))
            let data = try await ClusterStage.snapshot(of: stage.cluster)
            #expect(first.signal(SIGCONT))
            try await first.waitUntilConverged(timeout: .seconds(60))
            #expect(try await ClusterStage.snapshot(of: stage.cluster) == data)
            for daemon in [first, second] { #expect(await daemon.stop() == .exited(0)) }
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("kill -9 at moments from a seed, ten times, and then to the end", arguments: [UInt64(11)])
    func killed(seed: UInt64) async throws {
        try await withClusterStage(Keyspace(tenants: 40)) { stage in
            var random = SplitMix64(seed: seed)
            for _ in 0..<10 {
                let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "300"])
                try await Task.sleep(for: .milliseconds(Int.random(in: 300...2500, using: &random)))
                #expect(daemon.signal(SIGKILL))
                try await daemon.waitForExit()
            }
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }
}
