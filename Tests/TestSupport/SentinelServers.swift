import Foundation
import RedisClient

/// A real sentinel process, on a port of 127.0.0.1.
public final class SentinelProcess: Sendable {
    /// Its port.
    public let port: Int
    private let home: TemporaryDirectory
    private let process: RunningProcess

    /// Starts a sentinel that watches a server under a name, and waits until it answers.
    ///
    /// With a quorum above the number of sentinels it never has another server promoted.
    public static func start(
        watching server: Int,
        as name: String = "main",
        quorum: Int = 2,
        more lines: [String] = [],
        tls: ServerTLS? = nil
    ) async throws -> SentinelProcess {
        let home = try TemporaryDirectory()
        let port = try FreePort.find()
        let listening =
            tls.map { tls in
                [
                    "port 0", "tls-port \(port)", "tls-cert-file \(tls.identity.certificate)",
                    "tls-key-file \(tls.identity.key)", "tls-ca-cert-file \(tls.authority.own.certificate)",
                    "tls-auth-clients no", "tls-replication yes",
                ]
            } ?? ["port \(port)"]
        // A sentinel writes what it learns into its file.
        let configuration =
            listening + [
                "bind 127.0.0.1", "dir \(home.path)", "sentinel monitor \(name) 127.0.0.1 \(server) \(quorum)",
                "sentinel down-after-milliseconds \(name) 2000", "sentinel failover-timeout \(name) 3000",
            ] + lines
        let file = try home.write(configuration.joined(separator: "\n") + "\n", to: "sentinel.conf")
        let process = try await RunningProcess.start(
            try RedisServer.program(in: home),
            [file, "--sentinel"],
            directory: home.path
        )
        try await process.waitForOutput(containing: "Sentinel ID is")
        return SentinelProcess(port: port, home: home, process: process)
    }

    private init(port: Int, home: TemporaryDirectory, process: RunningProcess) {
        self.port = port
        self.home = home
        self.process = process
    }

    /// Where it listens.
    public var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }

    /// Asks it something, and gives the reply.
    public func ask(_ words: String...) async throws -> Reply {
        let connection = try await RedisConnection.open(ConnectionOptions(endpoint: endpoint, clientName: "test"))
        var commands = CommandBuffer()
        commands.append(words: words)
        let reply = try await connection.pipeline(commands)[0].unlessError()
        await connection.close()
        return reply
    }

    /// The port of the server that it takes for the master.
    public func master(_ name: String = "main") async throws -> Int? {
        try await ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name).elements.compactMap(\.text).last.flatMap { Int($0) }
    }

    /// What it has said of masters that took over, one line each.
    public var switches: [String] {
        process.standardOutput.split(separator: "\n").map(String.init).filter { $0.contains("+switch-master") }
    }

    /// Ends it.
    public func stop() async {
        await process.stop()
    }
}

/// A master with replicas, and sentinels that watch them; all real, on ports of 127.0.0.1.
public final class SentinelServers: Sendable {
    /// The master of the beginning, then its replicas.
    public let servers: [RedisServer]
    /// Those who watch them.
    public let sentinels: [SentinelProcess]

    private init(servers: [RedisServer], sentinels: [SentinelProcess]) {
        self.servers = servers
        self.sentinels = sentinels
    }

    /// Starts a master, two replicas and three sentinels, and waits until all know each other.
    public static func start(arguments: [String] = []) async throws -> SentinelServers {
        var servers: [RedisServer] = []
        var sentinels: [SentinelProcess] = []
        do {
            // A replica that waits for others to share its copy has no data when the next failover comes.
            let arguments = ["--repl-diskless-sync-delay", "0"] + arguments
            servers.append(try await RedisServer.start(arguments: arguments, tcp: true))
            let master = servers[0].port ?? 0
            for _ in 0..<2 {
                let replica = ["--replicaof", "127.0.0.1", "\(master)"] + arguments
                servers.append(try await RedisServer.start(arguments: replica, tcp: true))
            }
            for replica in servers.dropFirst() {
                try await eventually("the replicas to follow") {
                    try await replica.cli("INFO", "replication").contains("master_link_status:up")
                }
            }
            for _ in 0..<3 { sentinels.append(try await SentinelProcess.start(watching: master)) }
            for sentinel in sentinels {
                try await eventually(timeout: .seconds(20), "the sentinels to know each other") {
                    let fields = try await sentinel.ask("SENTINEL", "MASTER", "main").elements.compactMap(\.text)
                    func field(_ name: String) -> String? {
                        fields.firstIndex(of: name).map { fields[$0 + 1] }
                    }
                    return field("num-other-sentinels") == "2" && field("num-slaves") == "2"
                }
            }
            return SentinelServers(servers: servers, sentinels: sentinels)
        } catch {
            for sentinel in sentinels { await sentinel.stop() }
            for server in servers { await server.close() }
            throw error
        }
    }

    /// Ends all of them.
    public func close() async {
        for sentinel in sentinels { await sentinel.stop() }
        for server in servers { await server.close() }
    }

    /// Where they listen, as the programs are told.
    public var addresses: String { sentinels.map { "\($0.endpoint)" }.joined(separator: ",") }

    /// Options for a connection to whatever is the master.
    public var options: ConnectionOptions {
        var options = ConnectionOptions(endpoint: sentinels[0].endpoint, clientName: "test")
        options.sentinels = Sentinels(sentinels.map(\.endpoint), master: "main")
        return options
    }

    /// The server that most sentinels take for the master, and that takes itself for one; not this one, which may be
    /// stopped and would not answer.
    private func master(except old: RedisServer) async throws -> RedisServer? {
        var ports: [Int?] = []
        for sentinel in sentinels { ports.append(try await sentinel.master()) }
        guard let server = servers.first(where: { server in ports.count { $0 == server.port } >= 2 }), server !== old
        else { return nil }
        return try await server.cli("INFO", "replication").contains("role:master") ? server : nil
    }

    /// Waits until another server than this one is the master, and gives it.
    public func master(after old: RedisServer) async throws -> RedisServer {
        var found: RedisServer?
        try await eventually(timeout: .seconds(30), "a failover") {
            found = try await master(except: old)
            return found != nil
        }
        guard let found else { throw TestSupportError("No master.") }
        return found
    }
}

/// Lends a master with replicas and sentinels, and ends them however the body ends.
public func withSentinels<T>(
    arguments: [String] = [],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (SentinelServers) async throws -> T
) async throws -> T {
    let servers = try await SentinelServers.start(arguments: arguments)
    do {
        let result = try await body(servers)
        await servers.close()
        return result
    } catch {
        await servers.close()
        throw error
    }
}
