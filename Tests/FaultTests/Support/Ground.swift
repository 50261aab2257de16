import RedisClient
import Synchronization
import TestSupport

/// A keyspace on one server or on a cluster, behind proxies in which one schedule's faults happen.
struct Ground: Sendable {
    /// What the programs work on.
    enum Kind: String, CaseIterable, Sendable {
        case server
        case cluster
    }

    private enum Servers: Sendable {
        case one(Stage)
        case cluster(ClusterStage)
    }

    let kind: Kind
    let schedule: FaultSchedule
    /// How programs are told to come through the proxies.
    let address: [String: String]
    let keyspace: Keyspace
    /// The keyspace before anything happened.
    let before: Snapshot
    private let servers: Servers

    fileprivate init(_ stage: Stage, behind proxy: CommandProxy) {
        kind = .server
        schedule = proxy.schedule
        address = stage.address.merging(["REDIS_SOCKET": proxy.socketPath]) { $1 }
        keyspace = stage.keyspace
        before = stage.before
        servers = .one(stage)
    }

    fileprivate init(_ stage: ClusterStage, behind schedule: FaultSchedule) {
        kind = .cluster
        self.schedule = schedule
        address = stage.cluster.address
        keyspace = stage.keyspace
        before = stage.before
        servers = .cluster(stage)
    }

    /// Makes everything as it was at the beginning, and lets everybody through.
    func reset() async throws {
        schedule.rearm()
        switch servers {
        case .one(let stage):
            try await stage.withConnection { connection in
                var commands = CommandBuffer()
                commands.append("FLUSHALL")
                for words in stage.keyspace.commands { commands.append(words: words) }
                _ = try await connection.pipeline(commands).unlessError()
            }
        case .cluster(let stage):
            for master in stage.cluster.masters { try await master.cli("FLUSHALL") }
            try await stage.cluster.load(stage.keyspace.commands.map { $0.map { Bytes($0) } })
            schedule.rearm()
        }
    }

    /// All data.
    func snapshot() async throws -> Snapshot {
        switch servers {
        case .one(let stage): try await stage.snapshot()
        case .cluster(let stage): try await ClusterStage.snapshot(of: stage.cluster)
        }
    }

    /// How many changes the servers have counted.
    func changes() async throws -> Int {
        switch servers {
        case .one(let stage): try await stage.changes()
        case .cluster(let stage): try await stage.changes()
        }
    }

    /// The text of a key.
    func text(_ key: String) async throws -> String? {
        switch servers {
        case .one(let stage): try await stage.text(key)
        case .cluster(let stage): try await stage.text(key)
        }
    }

    /// Sends one command to the server; not for clusters.
    func send(_ words: [String]) async throws {
        if case .one(let stage) = servers { try await stage.send(words) }
    }

    /// A field of the first of these hashes that is there.
    func field(_ field: String, of names: [String]) async throws -> String? {
        guard case .one(let stage) = servers else { return nil }
        for name in names {
            if let text = try await stage.send("HGET", name, field).text { return text }
        }
        return nil
    }

    /// The commands of an undisturbed run.
    func trace(of victim: Victim) async throws -> [String] {
        try await reset()
        let trace = Mutex<[String]>([])
        schedule.rearm(hook: { _, words in trace.withLock { $0.append(RESPScanner.text(of: words)) } })
        let run = try await victim.work(on: self, victim: ProcessSlot(), heals: false)
        guard run.hasSucceeded else { throw TestSupportError("The undisturbed run fails: \(run.words)") }
        return trace.withLock { $0 }
    }

    /// A directory for the programs to start in.
    var directory: String {
        switch servers {
        case .one(let stage): stage.server.directory
        case .cluster(let stage): stage.cluster.masters[0].directory
        }
    }

    /// Starts a program through the proxies.
    func start(
        _ program: String,
        _ arguments: [String],
        with variables: [String: String]
    ) async throws -> RunningProcess {
        try await RunningProcess.start(
            try ProductPath.find(program),
            arguments,
            environment: address.merging(variables) { $1 },
            directory: directory
        )
    }

    /// Runs the command line to its end through the proxies.
    func run(_ arguments: [String], with variables: [String: String]) async throws -> ProcessResult {
        try await ProcessRunner.run(
            try ProductPath.find("migrateredis"),
            arguments,
            environment: address.merging(variables) { $1 },
            directory: directory,
            timeout: .seconds(120)
        )
    }
}

/// Lends a keyspace behind proxies, and closes everything however the body ends.
func withGround(
    _ kind: Ground.Kind,
    _ keyspace: Keyspace = Keyspace(tenants: 1),
    arguments: [String] = [],
    _ body: (Ground) async throws -> Void
) async throws {
    switch kind {
    case .server:
        try await withStage(keyspace, arguments: arguments) { stage in
            let proxy = try CommandProxy(stage.server)
            defer { proxy.close() }
            try await body(Ground(stage, behind: proxy))
        }
    case .cluster:
        let schedule = FaultSchedule()
        try await withClusterStage(keyspace, arguments: arguments, through: schedule) { stage in
            try await body(Ground(stage, behind: schedule))
        }
    }
}
