import RedisClient
import TestSupport
import Testing

/// One server or a cluster, the programs told to work on it, and an application's own connections.
struct World: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case server
        case cluster
    }

    /// What the programs are told: to go to the very end without a person, and no further than version 1.
    static let untended = [
        "MIGRATEREDIS_SCHEMA_TARGET": "1", "MIGRATEREDIS_RECONCILE_INTERVAL": "1s",
        "MIGRATEREDIS_CLEANUP_APPROVAL": "automatic", "MIGRATEREDIS_CLEANUP_SOAK": "0",
    ]
    static let migration = "001_hash_tags"
    private static let clientName = "safety"

    let kind: Kind
    /// What stands between the programs and the servers; the application's connections do not come through it.
    let schedule: FaultSchedule
    let servers: [RedisServer]
    /// Where slots are that were moved.
    let homes = SlotHomes()
    private let connections: [RedisConnection]
    fileprivate let address: [String: String]

    fileprivate init(
        kind: Kind,
        schedule: FaultSchedule,
        servers: [RedisServer],
        address: [String: String]
    ) async throws {
        self.kind = kind
        self.schedule = schedule
        self.servers = servers
        self.address = address
        var connections: [RedisConnection] = []
        for server in servers {
            connections.append(
                try await RedisConnection.open(
                    ConnectionOptions(endpoint: .unix(path: server.socketPath), clientName: Self.clientName)
                )
            )
        }
        self.connections = connections
    }

    fileprivate func close() async {
        for connection in connections { await connection.close() }
    }

    // MARK: The application

    /// Sends one command; the second word is its key.
    @discardableResult
    func send(_ words: String...) async throws -> Reply { try await send(words) }

    /// Sends one command; the second word is its key.
    @discardableResult
    func send(_ words: [String]) async throws -> Reply { try await send([words])[0] }

    /// Sends commands that have keys of one slot, or any on one server.
    @discardableResult
    func send(_ commands: [[String]]) async throws -> Replies {
        var buffer = CommandBuffer()
        for words in commands { buffer.append(words: words) }
        return try await connections[master(of: commands[0][1])].pipeline(buffer).unlessError()
    }

    /// Writes a whole hash, and so makes it where it is not there.
    func write(_ name: String, _ fields: [String: String]) async throws {
        try await send(["HSET", name] + fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }

    /// Writes many hashes.
    func write(_ hashes: [String: [String: String]]) async throws {
        var buffers = connections.map { _ in CommandBuffer() }
        for (name, fields) in hashes {
            buffers[master(of: name)].append(words: ["HSET", name] + fields.flatMap { [$0.key, $0.value] })
        }
        for (buffer, connection) in zip(buffers, connections) where !buffer.isEmpty {
            _ = try await connection.pipeline(buffer).unlessError()
        }
    }

    func exists(_ name: String) async throws -> Bool { try await send("EXISTS", name).integer == 1 }

    /// The fields of a hash; none where it is not there.
    func hash(_ name: String) async throws -> [String: String] { Self.fields(try await send("HGETALL", name)) }

    /// All hashes of all tenants.
    func hashes() async throws -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        for connection in connections {
            let names = try await connection.send("KEYS", "tenant:*").elements.compactMap(\.text)
            var reads = CommandBuffer()
            for name in names { reads.append("HGETALL", name) }
            guard !reads.isEmpty else { continue }
            for (name, reply) in zip(names, try await connection.pipeline(reads).unlessError()) {
                found[name] = Self.fields(reply)
            }
        }
        return found
    }

    func text(_ name: String) async throws -> String? { try await send("GET", name).text }

    /// Whether the new names are the ones that count.
    func isRaised() async throws -> Bool { (try await text("outpost:schema:version")).flatMap { Int($0) } ?? 0 >= 1 }

    /// Removes everything.
    func wipe() async throws {
        for connection in connections { _ = try await connection.send("FLUSHALL").unlessError() }
    }

    private static func fields(_ reply: Reply) -> [String: String] {
        let words = reply.elements.compactMap(\.text)
        let pairs = stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
        return Dictionary(pairs) { $1 }
    }

    /// The number of the server that has the slot of a name.
    func master(of name: String) -> Int {
        homes.node(of: name)
            ?? min(Slot(of: Bytes(name)).number / (Slot.count / servers.count), servers.count - 1)
    }

    // MARK: The programs

    /// Runs the command line to its end.
    func run(
        _ arguments: [String],
        with variables: [String: String] = [:],
        timeout: Duration = .seconds(60)
    ) async throws -> ProcessResult {
        let result = try await ProcessRunner.run(
            try ProductPath.find("migrateredis"),
            arguments,
            environment: address.merging(Self.untended) { $1 }.merging(variables) { $1 },
            directory: servers[0].directory,
            timeout: timeout
        )
        // A wrong option is a fault of the test; that a reason cannot be resolved is an answer.
        if result.exitStatus == 64, arguments.first != "resolve" { Issue.record("\(arguments): \(result)") }
        return result
    }

    /// Runs the command line to its end.
    func run(_ arguments: String..., with variables: [String: String] = [:]) async throws -> ProcessResult {
        try await run(arguments, with: variables)
    }

    /// Runs a phase of the first migration by hand, without a question.
    func phase(_ name: String) async throws -> ProcessResult { try await run(Self.phaseArguments(name)) }

    /// How a phase is run by hand, without a question.
    static func phaseArguments(_ name: String) -> [String] {
        let answer = ["apply": ["-auto-approve"], "cleanup": ["-force"], "rollback": ["-force"]]
        return ["-migration", migration, name] + (answer[name] ?? [])
    }

    /// Starts one of the programs, to be disturbed.
    func start(
        _ program: String,
        _ arguments: [String] = [],
        with variables: [String: String] = [:]
    ) async throws -> RunningProcess {
        try await RunningProcess.start(
            try ProductPath.find(program),
            arguments,
            environment: address.merging(Self.untended) { $1 }.merging(variables) { $1 },
            directory: servers[0].directory
        )
    }

    /// What `status --held` says, and whether it names a key.
    func holds(_ names: String...) async throws -> Bool {
        let held = try await run("status", "--held", Self.migration).standardOutput
        return names.contains { held.contains($0) }
    }

    /// Waits until no program has a connection any more: what it sent has been executed, or never will be.
    func waitUntilAlone() async throws {
        for connection in connections {
            try await eventually("the last command of a killed program") {
                let clients = try await connection.send("CLIENT", "LIST").text ?? ""
                return clients.split(separator: "\n").allSatisfy { $0.contains(" name=\(Self.clientName) ") }
            }
        }
    }

    // MARK: A moment to come back to

    /// Everything but the epochs, which only rise.
    struct Moment: Sendable {
        fileprivate var dumps: [[(key: Bytes, expiry: Int64, value: Bytes)]]
    }

    /// Remembers everything.
    func remember() async throws -> Moment {
        var moment = Moment(dumps: [])
        for connection in connections {
            let keys = try await keysToRemember(on: connection)
            var reads = CommandBuffer()
            for key in keys {
                reads.append("PEXPIRETIME", key)
                reads.append("DUMP", key)
            }
            let replies = reads.isEmpty ? nil : try await connection.pipeline(reads).unlessError()
            moment.dumps.append(
                keys.indices.map { index in
                    (keys[index], replies?[2 * index].integer ?? 0, replies?[2 * index + 1].bytes ?? [])
                }
            )
        }
        return moment
    }

    /// Makes everything as it was.
    func goBack(to moment: Moment) async throws {
        for (connection, dumps) in zip(connections, moment.dumps) {
            var commands = CommandBuffer()
            for key in try await keysToRemember(on: connection) { commands.append("UNLINK", key) }
            for dump in dumps {
                commands.append("RESTORE", dump.key, Bytes("\(max(0, dump.expiry))"), dump.value, Bytes("ABSTTL"))
            }
            if !commands.isEmpty { _ = try await connection.pipeline(commands).unlessError() }
        }
    }

    private func keysToRemember(on connection: RedisConnection) async throws -> [Bytes] {
        let names = try await connection.send("KEYS", "*").elements
        return names.compactMap(\.bytes).filter { !$0.starts(with: Bytes("outpost:migration:epoch")) }
    }
}

/// Lends a world, and closes it however the body ends.
func withWorld(_ kind: World.Kind, arguments: [String] = [], _ body: (World) async throws -> Void) async throws {
    let schedule = FaultSchedule()
    try await Places.shared.take {
        switch kind {
        case .server:
            try await withRedisServer(arguments: arguments) { server in
                let proxy = try CommandProxy(schedule)
                proxy.stand(before: server)
                defer { proxy.close() }
                let login = LeastPrivilege.variables
                let address = login.merging(["REDIS_SOCKET": proxy.socketPath]) { $1 }
                try await use(.server, schedule, [server], address, body)
            }
        case .cluster:
            try await withCluster(arguments: arguments, through: schedule) { cluster in
                try await use(.cluster, schedule, cluster.masters, cluster.address, body)
            }
        }
    }
}

/// Lends a world whose servers have restarted, so that its connections have ended.
func withFreshConnections(to world: World, _ body: (World) async throws -> Void) async throws {
    try await use(world.kind, world.schedule, world.servers, world.address, body)
}

private func use(
    _ kind: World.Kind,
    _ schedule: FaultSchedule,
    _ servers: [RedisServer],
    _ address: [String: String],
    _ body: (World) async throws -> Void
) async throws {
    let world = try await World(kind: kind, schedule: schedule, servers: servers, address: address)
    do {
        try await body(world)
    } catch {
        await world.close()
        throw error
    }
    await world.close()
}
