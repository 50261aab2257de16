import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("A cluster")
struct ClusterTests {
    /// How many tenants a test has: so many, or what the variable `CLUSTER_TENANTS` says.
    private static func tenants(_ count: Int) -> Int {
        ProcessInfo.processInfo.environment["CLUSTER_TENANTS"].flatMap { Int($0) } ?? count
    }

    /// A pace at which a step takes about so many seconds.
    private static func pace(_ seconds: Int, for tenants: Int) -> [String: String] {
        ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "\(max(1, tenants * 4 / seconds))"]
    }

    /// Longer where there is more to do.
    private static func patience(_ seconds: Int, for tenants: Int) -> Duration { .seconds(seconds + tenants / 20) }

    @Test("Converge moves every key of all masters, and one more run writes nothing")
    func converge() async throws {
        try await withClusterStage(Keyspace(tenants: Self.tenants(40))) { stage in
            for master in stage.cluster.masters { #expect(try await master.cli("DBSIZE") != "0") }
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("All three migrations: names, times and kinds, on whichever node a record ends")
    func latest() async throws {
        try await withClusterStage(Keyspace(tenants: 30)) { stage in
            let result = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "latest"])
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.text("outpost:schema:version") == "3")
            let expected = stage.keyspace.expectedLatest(after: stage.before)
            #expect(try await ClusterStage.snapshot(of: stage.cluster).difference(from: expected) == nil)
        }
    }

    @Test("By TLS and announced names, as a user who may only what deploy/migrateredis.acl gives")
    func secured() async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issue("node", names: ["DNS:localhost"]), by: authority)
        var user = try await LeastPrivilegeTests.rules()
        user.removeAll { $0 == "+copy" }
        user += ["+cluster|slots", "+cluster|nodes", "+asking", "+dump", "+restore"]
        let names = ["--cluster-announce-hostname", "localhost", "--cluster-preferred-endpoint-type", "hostname"]
        try await withClusterStage(Keyspace(tenants: 12), replicas: 1, tls: tls, arguments: names) { stage in
            for node in stage.cluster.nodes {
                let line = (["ACL", "SETUSER", LeastPrivilege.user, "reset"] + user).joined(separator: " ")
                try await node.cli(input: line + "\n")
            }
            let port = try #require(stage.cluster.masters[0].tlsPort)
            let secured = [
                "REDIS_HOST": "localhost", "REDIS_PORT": "\(port)", "REDIS_TLS_ENABLED": "true",
                "REDIS_TLS_CA_FILE": authority.own.certificate, "REDIS_USERNAME": "migrateredis",
                "REDIS_PASSWORD": LeastPrivilege.password,
            ]
            let result = try await stage.converge(with: secured)
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
            for node in stage.cluster.nodes {
                let log = try await node.cli("ACL", "LOG")
                #expect(log.isEmpty, "\(log)")
            }

            // By its address the certificate is another's.
            let mistaken = try await stage.converge(with: secured.merging(["REDIS_HOST": "127.0.0.1"]) { $1 })
            #expect(mistaken.exitStatus != 0)
            #expect(mistaken.standardError.contains("localhost"), "\(mistaken)")
        }
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
            expectNone(try await stage.faultOfConverged())
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
            // With and without the right to ask for slots.
            let mayAsk = ["ACL", "SETUSER", LeastPrivilege.user, "+cluster|slots", "+cluster|nodes"]
            let changes = try await stage.changes()
            let port = String(try #require(stage.server.port))
            for rights in [[], mayAsk] {
                if !rights.isEmpty { try await stage.send(rights) }
                let result = try await stage.converge(with: [
                    "REDIS_CLUSTER_ENABLED": "true", "REDIS_SOCKET": "", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": port,
                ])
                #expect(result.exitStatus == 1, "\(result)")
                #expect(result.standardError.contains("not part of a cluster"), "\(result)")
            }
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("The cap on the rate holds in a cluster too")
    func rate() async throws {
        try await withClusterStage(Keyspace(tenants: 20)) { stage in
            let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "40"])
            try await daemon.waitForLine("step started", "phase=apply")
            let began = ContinuousClock.now
            try await daemon.waitForLine("step finished", "phase=apply")
            #expect(began.duration(to: .now) > .seconds(Double(stage.keyspace.moving) / 40 * 0.8))
            #expect(await daemon.stop() == .exited(0))
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
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("Slots that move all the time during every phase: nothing is lost, and it ends right", arguments: [7, 8])
    func resharding(seed: Int) async throws {
        let tenants = Self.tenants(60)
        try await withClusterStage(Keyspace(tenants: tenants)) { stage in
            let daemon = try await stage.daemon(Self.pace(4, for: tenants))
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
            try await daemon.waitUntilConverged(timeout: Self.patience(90, for: tenants))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged(expiriesWithin: 5000))
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("A key that was moved ends a little later, on either side: that is no change by anybody")
    func expiriesThatMoved() async throws {
        try await withClusterStage(Keyspace(tenants: 3)) { stage in
            let applied = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(applied.exitStatus == 0, "\(applied)")
            let keyspace = try await stage.cluster.connect()
            for (name, shift) in [("tenant:t0:destination:d3", 300), ("tenant:{t0}:destination:d3", 500)] {
                let end = Bytes(String(OutpostKeyspace.expiry + Int64(shift)))
                #expect(try await keyspace.send("PEXPIREAT", Bytes(name), end).integer == 1)
            }
            await keyspace.close()
            for phase in [["verify"], ["cleanup", "-force"]] {
                let result = try await stage.run(["-migration", "001_hash_tags"] + phase)
                #expect(result.exitStatus == 0, "\(result)")
            }
            expectNone(try await stage.faultOfConverged(expiriesWithin: 500))
        }
    }

    @Test("A master is killed and its replica takes over, in each phase", arguments: ["apply", "verify", "cleanup"])
    func failover(phase: String) async throws {
        let tenants = Self.tenants(60)
        try await withClusterStage(Keyspace(tenants: tenants), replicas: 1) { stage in
            let daemon = try await stage.daemon(Self.pace(3, for: tenants))
            try await daemon.waitForLine(
                "step started",
                "phase=\(phase)",
                timeout: Self.patience(45, for: tenants)
            )
            try await Task.sleep(for: .milliseconds(700))
            await stage.cluster.masters[2].kill()
            try await daemon.waitUntilConverged(timeout: Self.patience(120, for: tenants))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("Ten daemons at once: one works at a time, and nothing is copied twice")
    func tenDaemons() async throws {
        let tenants = Self.tenants(12)
        try await withClusterStage(Keyspace(tenants: tenants)) { stage in
            var daemons: [RunningProcess] = []
            for _ in 0..<10 { daemons.append(try await stage.daemon()) }
            for daemon in daemons {
                try await daemon.waitUntilConverged(timeout: Self.patience(120, for: tenants))
            }
            for daemon in daemons {
                #expect(daemon.lines("step failed").allSatisfy { $0.contains("reason=LockHeld") })
                #expect(await daemon.stop() == .exited(0))
            }
            expectNone(try await stage.faultOfConverged())
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
            expectNone(try await stage.faultOfConverged())
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
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }
}
