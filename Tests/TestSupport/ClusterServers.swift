import Foundation
import RedisClient

/// A real Redis Cluster that belongs to one test: masters with equal shares of the slots, and replicas.
///
/// All nodes listen on 127.0.0.1 and end with ``close()``; ``withCluster(masters:replicas:arguments:isolation:_:)`` closes
/// it on every way out.
public final class ClusterServers: Sendable {
    /// The nodes that were masters in the beginning, in the order of their shares.
    public let masters: [RedisServer]
    /// Their replicas: those of the first master first.
    public let replicas: [RedisServer]
    /// What stands before each node, in the order of ``nodes``, for a cluster that was started with a schedule.
    private let proxies: [CommandProxy]

    private init(masters: [RedisServer], replicas: [RedisServer], proxies: [CommandProxy]) {
        self.masters = masters
        self.replicas = replicas
        self.proxies = proxies
    }

    /// All nodes.
    public var nodes: [RedisServer] { masters + replicas }

    /// The address that programs are told.
    public var address: [String: String] {
        ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(clientPort)", "REDIS_CLUSTER_ENABLED": "true"]
    }

    /// Where clients come to the first node.
    private var clientPort: Int { proxies.first?.port ?? masters[0].port ?? 0 }

    /// Starts the nodes, gives each master its share, and waits until all of them agree; 30 seconds at most.
    ///
    /// With a schedule all clients are told to come through proxies, one a node, in which the schedule's faults happen.
    public static func start(
        masters count: Int = 3,
        replicas perMaster: Int = 0,
        tls: ServerTLS? = nil,
        arguments: [String] = [],
        through schedule: FaultSchedule? = nil
    ) async throws -> ClusterServers {
        var started: [RedisServer] = []
        var proxies: [CommandProxy] = []
        do {
            for _ in 0..<count * (1 + perMaster) {
                if let schedule { proxies.append(try CommandProxy(schedule, tcp: true)) }
                let announced = proxies.last?.port.map { ["--cluster-announce-port", "\($0)"] } ?? []
                started.append(
                    try await RedisServer.start(
                        arguments: ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"] + arguments
                            + announced
                            // Only then does a server of 7.0 tell clients the ports that fit their own connection.
                            + (tls == nil ? [] : ["--tls-cluster", "yes", "--tls-replication", "yes"]),
                        tcp: true,
                        tls: tls
                    )
                )
                if let server = started.last { proxies.last?.stand(before: server) }
            }
            let cluster = ClusterServers(
                masters: Array(started.prefix(count)),
                replicas: Array(started.dropFirst(count)),
                proxies: proxies
            )
            try await cluster.form(perMaster: perMaster)
            return cluster
        } catch {
            for server in started { await server.close() }
            throw error
        }
    }

    /// Ends all nodes.
    public func close() async {
        for proxy in proxies { proxy.close() }
        for server in nodes { await server.close() }
    }

    /// A connection to the cluster, as the programs make it.
    public func connect() async throws -> RedisCluster {
        var options = ConnectionOptions(
            endpoint: .tcp(host: "127.0.0.1", port: clientPort),
            clientName: "test"
        )
        options.isCluster = true
        return try await RedisCluster.open(options)
    }

    /// Sends commands, the second word of each being its key, to the masters of their keys; throws if one fails.
    public func load(_ commands: [[Bytes]]) async throws {
        let cluster = try await connect()
        for start in stride(from: 0, to: commands.count, by: 1000) {
            var routed = RoutedCommands(for: cluster)
            for words in commands[start..<min(commands.count, start + 1000)] {
                routed.add(for: words[1]) { $0.append(words: words.map { String(decoding: $0, as: UTF8.self) }) }
            }
            _ = try await cluster.pipeline(routed).unlessError()
        }
        await cluster.close()
    }

    /// The slots of the share of a master, as they were given out in the beginning.
    public func share(of master: Int) -> ClosedRange<Int> {
        let size = Slot.count / masters.count
        return master * size...(master == masters.count - 1 ? Slot.count : (master + 1) * size) - 1
    }

    /// Moves a slot from one node to another with all its keys; with `isLeftHalfMoved` only some keys, and it stays so.
    public func move(
        slot: Int,
        from source: RedisServer,
        to target: RedisServer,
        isLeftHalfMoved: Bool = false
    ) async throws {
        let sourceID = try await source.cli("CLUSTER", "MYID")
        let targetID = try await target.cli("CLUSTER", "MYID")
        try await target.cli("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
        try await source.cli("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
        while true {
            let keys = try await source.cli("CLUSTER", "GETKEYSINSLOT", "\(slot)", "100")
                .split(separator: "\n").map(String.init)
            for key in keys.prefix(isLeftHalfMoved ? keys.count / 2 : keys.count) {
                try await source.cli("MIGRATE", "127.0.0.1", "\(target.port ?? 0)", key, "0", "5000")
            }
            if isLeftHalfMoved { return }
            if keys.isEmpty { break }
        }
        try await settle(slot: slot, at: target)
    }

    /// Tells all masters that a slot is a node's.
    public func settle(slot: Int, at target: RedisServer) async throws {
        let id = try await target.cli("CLUSTER", "MYID")
        for node in [target] + masters.filter({ $0 !== target }) where node.pid != nil {
            _ = try? await node.cli("CLUSTER", "SETSLOT", "\(slot)", "NODE", id)
        }
    }

    // MARK: Forming

    private func form(perMaster: Int) async throws {
        for (index, node) in nodes.enumerated() {
            try await node.cli("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        for (index, master) in masters.enumerated() {
            let slots = share(of: index).map(String.init).joined(separator: " ")
            try await master.cli(input: "CLUSTER ADDSLOTS \(slots)\n")
        }
        for node in nodes.dropFirst() {
            try await masters[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(node.tlsPort ?? node.port ?? 0)")
        }
        try await all("know each other") { [count = nodes.count] in
            try await $0.cli("CLUSTER", "INFO").contains("cluster_known_nodes:\(count)\r")
        }
        for (index, replica) in replicas.enumerated() {
            let master = try await masters[index / perMaster].cli("CLUSTER", "MYID")
            // A node that has just been met may not know all others yet.
            try await eventually(timeout: .seconds(15), "a replica to be one") {
                (try? await replica.cli("CLUSTER", "REPLICATE", master)) == "OK"
            }
        }
        try await all("be ready") { try await $0.cli("CLUSTER", "INFO").contains("cluster_state:ok") }
        for replica in replicas {
            try await eventually(timeout: .seconds(15), "a replica to follow") {
                try await replica.cli("INFO", "replication").contains("master_link_status:up")
            }
        }
        try await all("agree") { [count = masters.count] in
            let lines = try await $0.cli("CLUSTER", "NODES").split(separator: "\n")
            return lines.count { $0.split(separator: " ").count > 8 } == count
        }
    }

    private func all(_ what: String, _ isSo: @Sendable (RedisServer) async throws -> Bool) async throws {
        for node in nodes {
            try await eventually(timeout: .seconds(15), "the nodes to \(what)") { try await isSo(node) }
        }
    }
}

/// Lends a cluster to the body, and closes it however the body ends.
public func withCluster<T>(
    masters: Int = 3,
    replicas: Int = 0,
    tls: ServerTLS? = nil,
    arguments: [String] = [],
    through schedule: FaultSchedule? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (ClusterServers) async throws -> T
) async throws -> T {
    let cluster = try await ClusterServers.start(
        masters: masters,
        replicas: replicas,
        tls: tls,
        arguments: arguments,
        through: schedule
    )
    do {
        let result = try await body(cluster)
        await cluster.close()
        return result
    } catch {
        await cluster.close()
        throw error
    }
}
