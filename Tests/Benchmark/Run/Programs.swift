import TestSupport

/// The programs as they are measured: where their server is, and which settings they have.
struct Programs: Sendable {
    /// The variables that say where the server is.
    var address: [String: String]
    /// The sockets of all servers that work for them.
    var servers: [RedisServer]
    /// Further variables.
    var settings: [String: String]

    /// Programs of one server, by its Unix socket.
    init(on server: RedisServer, settings: [String: String] = [:]) {
        address = ["REDIS_SOCKET": server.socketPath]
        servers = [server]
        self.settings = settings
    }

    /// Programs of one server, by TCP.
    init(byTCP server: RedisServer, settings: [String: String] = [:]) {
        address = ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(server.port ?? 0)"]
        servers = [server]
        self.settings = settings
    }

    /// Programs of a cluster.
    init(on cluster: ClusterServers, settings: [String: String] = [:]) {
        address = cluster.address
        servers = cluster.masters
        self.settings = settings
    }

    /// All of their variables.
    var variables: [String: String] { address.merging(settings) { $1 } }

    /// Runs the command line to its end, or so many seconds, and says what it took here and in the servers.
    @discardableResult
    func cost(of arguments: [String], limit: Double? = nil) async throws -> Cost {
        let clients = try servers.map { try PlainClient($0) }
        let before = try ServerCounters.look(at: clients)
        var cost = try await ProgramRun.migrateredis(arguments, with: variables, limit: limit)
        cost.serverCPUSeconds = try ServerCounters.look(at: clients).since(before).cpuSeconds
        return cost
    }
}
