import Foundation
import RedisClient

/// A cluster with a keyspace, and both programs told to work on it.
package struct ClusterStage: Sendable {
    package let cluster: ClusterServers
    package let keyspace: OutpostKeyspace
    /// What the keyspace was at the beginning.
    package let before: Snapshot

    package init(cluster: ClusterServers, keyspace: OutpostKeyspace) async throws {
        self.cluster = cluster
        self.keyspace = keyspace
        try await cluster.load(keyspace.commands.map { $0.map { Bytes($0) } })
        before = try await Self.snapshot(of: cluster)
    }

    /// Runs the command line to its end.
    package func run(_ arguments: String..., with variables: [String: String] = [:]) async throws -> ProcessResult {
        try await run(arguments, with: variables)
    }

    /// Runs the command line to its end.
    package func run(
        _ arguments: [String],
        with variables: [String: String] = [:],
        input: String = "",
        timeout: Duration = .seconds(1200)
    ) async throws -> ProcessResult {
        try await ProcessRunner.run(
            try ProductPath.find("migrateredis"),
            arguments,
            environment: cluster.address.merging(variables) { $1 },
            directory: cluster.masters[0].directory,
            input: input,
            timeout: timeout
        )
    }

    /// `converge` to version 1 and through its cleanup.
    package func converge(with variables: [String: String] = [:]) async throws -> ProcessResult {
        try await run(["converge"], with: Stage.untended.merging(variables) { $1 })
    }

    /// Starts the daemon, by default one that goes on to the very end by itself.
    package func daemon(_ variables: [String: String] = [:]) async throws -> RunningProcess {
        try await RunningProcess.start(
            try ProductPath.find("migrateredisd"),
            [],
            environment: cluster.address.merging(Stage.untended) { $1 }.merging(variables) { $1 },
            directory: cluster.masters[0].directory
        )
    }

    /// The data of all masters.
    package static func snapshot(of cluster: ClusterServers, withBookkeeping: Bool = false) async throws -> Snapshot {
        let keyspace = try await cluster.connect()
        var whole = Snapshot()
        for master in try await keyspace.masters() {
            let part = try await Snapshot.read(from: master.connection, withBookkeeping: withBookkeeping)
            whole.records.merge(part.records.filter { master.owns(Bytes($0.key)) }) { $1 }
        }
        await keyspace.close()
        return whole
    }

    /// The text of a key, if it is one.
    package func text(_ key: String) async throws -> String? {
        let keyspace = try await cluster.connect()
        let reply = try await keyspace.send("GET", Bytes(key))
        await keyspace.close()
        return reply.text
    }

    /// How many changes the masters have counted.
    package func changes() async throws -> Int {
        var sum = 0
        for master in cluster.nodes where master.pid != nil {
            let info = try await master.cli("INFO", "persistence")
            let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("rdb_changes_since_last_save:") }
            sum += line.flatMap { $0.split(separator: ":").last }.flatMap { Int($0) } ?? 0
        }
        return sum
    }

    /// How often a command ran on all nodes.
    package func calls(of command: String) async throws -> Int {
        var sum = 0
        for node in cluster.nodes where node.pid != nil {
            let info = try await node.cli("INFO", "commandstats")
            sum +=
                info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
                .flatMap { $0.split(separator: ",").first?.split(separator: "=").last }.flatMap { Int($0) } ?? 0
        }
        return sum
    }

    /// What is wrong if one more run writes anything; nil where it does not.
    package func faultOfOneMoreRun() async throws -> String? {
        let changes = try await changes()
        let result = try await converge()
        guard result.exitStatus == 0 else { return "One more run failed: \(result)" }
        let more = try await self.changes() - changes
        return more == 0 ? nil : "One more run wrote \(more) times."
    }

    /// What is wrong with a keyspace that should be converged and cleaned; nil where nothing is. Where slots have moved,
    /// expiries may be so much later.
    package func faultOfConverged(expiriesWithin slack: Int64 = 0) async throws -> String? {
        let version = try await text("outpost:schema:version")
        guard version == "1" else { return "The version is \(version ?? "absent")." }
        let state = try await text("outpost:migration:001_hash_tags:state") ?? "absent"
        guard state.contains(#""phase":"cleaned""#) else { return "The state is \(state)." }
        if let holder = try await text("outpost:migration:lock") { return "The lock is held: \(holder)" }
        let everything = try await Self.snapshot(of: cluster, withBookkeeping: true)
        let ledgers = everything.records.keys.filter { $0.contains(":ledger") }
        guard ledgers.isEmpty else { return "\(ledgers.count) ledgers were left, such as \(ledgers[0])." }
        return try await Self.snapshot(of: cluster)
            .difference(from: keyspace.expected(after: before), expiriesWithin: slack)
    }
}

/// Lends a cluster with a keyspace, and closes it however the body ends.
package func withClusterStage(
    _ keyspace: OutpostKeyspace = OutpostKeyspace(tenants: 40),
    masters: Int = 3,
    replicas: Int = 0,
    tls: ServerTLS? = nil,
    arguments: [String] = [],
    through schedule: FaultSchedule? = nil,
    _ body: (ClusterStage) async throws -> Void
) async throws {
    try await Places.shared.take {
        try await withCluster(
            masters: masters,
            replicas: replicas,
            tls: tls,
            arguments: arguments,
            through: schedule
        ) { cluster in
            try await body(ClusterStage(cluster: cluster, keyspace: keyspace))
        }
    }
}
