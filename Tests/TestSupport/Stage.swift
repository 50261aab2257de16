import Foundation
import RedisClient

/// A server with a keyspace, and both programs told to work on it.
package struct Stage: Sendable {
    package let server: RedisServer
    package let keyspace: OutpostKeyspace
    /// What the keyspace was at the beginning.
    package let before: Snapshot
    /// For a server that asks for one.
    package let password: String?

    private static let migration = "001_hash_tags"

    /// A stage on a server that has the keyspace already.
    package init(server: RedisServer, keyspace: OutpostKeyspace, password: String? = nil, database: Int = 0)
        async throws
    {
        self.server = server
        self.keyspace = keyspace
        self.password = password
        let connection = try await Self.connect(to: server, password: password, database: database)
        before = try await Snapshot.read(from: connection)
        await connection.close()
    }

    private init(server: RedisServer, like stage: Stage) {
        self.server = server
        keyspace = stage.keyspace
        before = stage.before
        password = stage.password
    }

    /// The same stage once another server has taken over the keyspace.
    package func moved(to server: RedisServer) -> Stage { Stage(server: server, like: self) }

    /// How the test itself reaches the server.
    package func connect(database: Int = 0) async throws -> RedisConnection {
        try await Self.connect(to: server, password: password, database: database)
    }

    fileprivate static func connect(
        to server: RedisServer,
        password: String?,
        database: Int = 0
    ) async throws -> RedisConnection {
        try await RedisConnection.open(
            ConnectionOptions(
                endpoint: .unix(path: server.socketPath),
                password: password,
                database: database,
                clientName: "test"
            )
        )
    }

    /// Lends a connection of the test's own.
    package func withConnection<Result: Sendable>(_ body: (RedisConnection) async throws -> Result) async throws
        -> Result
    {
        let connection = try await connect()
        let result = try await body(connection)
        await connection.close()
        return result
    }

    // MARK: The programs

    /// What tells the programs where the server is, and who they are: where the test does not choose, the user of the
    /// least privilege.
    package var address: [String: String] {
        let login = password == nil ? LeastPrivilege.variables : [:]
        return ["REDIS_SOCKET": server.socketPath].merging(login) { $1 }
    }

    /// Runs the command line to its end.
    package func run(
        _ arguments: String...,
        with variables: [String: String] = [:],
        input: String = "",
        timeout: Duration = .seconds(60)
    ) async throws -> ProcessResult {
        try await run(arguments, with: variables, input: input, timeout: timeout)
    }

    /// Runs the command line to its end.
    package func run(
        _ arguments: [String],
        with variables: [String: String] = [:],
        input: String = "",
        timeout: Duration = .seconds(60)
    ) async throws -> ProcessResult {
        try await ProcessRunner.run(
            try ProductPath.find("migrateredis"),
            arguments,
            environment: address.merging(variables) { $1 },
            directory: server.directory,
            input: input,
            timeout: timeout
        )
    }

    /// Starts the command line, to be disturbed.
    package func start(
        _ arguments: String...,
        with variables: [String: String] = [:],
        pipe: InputPipe? = nil,
        unread: UnreadPipe? = nil
    ) async throws -> RunningProcess {
        try await RunningProcess.start(
            try ProductPath.find("migrateredis"),
            arguments,
            environment: address.merging(variables) { $1 },
            directory: server.directory,
            pipe: pipe,
            unread: unread
        )
    }

    /// Starts the daemon, by default one that goes on to the very end by itself.
    package func daemon(
        _ variables: [String: String] = [:],
        without removed: Set<String> = [],
        arguments: [String] = [],
        unread: UnreadPipe? = nil
    ) async throws -> RunningProcess {
        let settings = address.merging(Self.untended) { $1 }.merging(variables) { $1 }
        return try await RunningProcess.start(
            try ProductPath.find("migrateredisd"),
            arguments,
            environment: settings.filter { !removed.contains($0.key) },
            directory: server.directory,
            unread: unread
        )
    }

    /// Everything without a person: no gate, no soak, a pass every second.
    package static let untended = [
        "MIGRATEREDIS_SCHEMA_TARGET": "1",
        "MIGRATEREDIS_RECONCILE_INTERVAL": "1s",
        "MIGRATEREDIS_CLEANUP_APPROVAL": "automatic",
        "MIGRATEREDIS_CLEANUP_SOAK": "0",
    ]

    /// A pace at which even a small keyspace keeps every phase busy for a while.
    package static let slow = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "40"]

    /// `converge` to version 1 and through its cleanup.
    package func converge(with variables: [String: String] = [:]) async throws -> ProcessResult {
        try await run(["converge"], with: Self.untended.merging(variables) { $1 })
    }

    // MARK: What is there

    /// The data, and on request the programs' own keys.
    package func snapshot(withBookkeeping: Bool = false) async throws -> Snapshot {
        try await withConnection { try await Snapshot.read(from: $0, withBookkeeping: withBookkeeping) }
    }

    /// All that is there but what daemons tell of themselves.
    package func contents() async throws -> Snapshot {
        var contents = try await snapshot(withBookkeeping: true)
        contents.records["outpost:migration:daemons"] = nil
        return contents
    }

    /// Sends one command.
    @discardableResult
    package func send(_ words: String...) async throws -> Reply { try await send(words) }

    /// Sends one command.
    @discardableResult
    package func send(_ words: [String]) async throws -> Reply {
        try await withConnection { connection in
            var commands = CommandBuffer()
            commands.append(words: words)
            return try await connection.pipeline(commands)[0].unlessError()
        }
    }

    /// What the server's clock says, in milliseconds since 1970.
    package func time() async throws -> Int64 {
        let parts = try await send("TIME").elements.compactMap { $0.text.flatMap { Int64($0) } }
        guard parts.count == 2 else { throw TestSupportError("TIME answers \(parts).") }
        return parts[0] * 1000 + parts[1] / 1000
    }

    /// The text of a key, if it is one.
    package func text(_ key: String) async throws -> String? { try await send("GET", key).text }

    /// How many changes the server has counted; nothing has been saved, so none are forgotten.
    package func changes() async throws -> Int { try await info("persistence", "rdb_changes_since_last_save") }

    /// How often commands ran that write, but for those by which a process tells of itself (HSET, PEXPIRE, HDEL): what a
    /// daemon must not have done. What those three change shows in the contents.
    package func writes() async throws -> Int {
        let text = try await send("INFO", "commandstats").text ?? ""
        let ours = [
            "set", "unlink", "del", "copy", "restore", "rename", "hsetnx", "xadd", "persist", "pexpireat", "getdel",
        ]
        let others = [
            "rpush", "lpush", "sadd", "zadd", "append", "setrange", "incr", "hincrby", "flushall", "flushdb", "move",
        ]
        return text.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard let colon = line.firstIndex(of: ":"), line.hasPrefix("cmdstat_"),
                (ours + others).contains(String(line[..<colon].dropFirst("cmdstat_".count))),
                let calls = line[colon...].dropFirst().split(separator: ",").first?.split(separator: "=").last
            else { return sum }
            return sum + (Int(calls) ?? 0)
        }
    }

    /// How often a command ran.
    package func calls(of command: String) async throws -> Int {
        let line = try await infoLine("commandstats", "cmdstat_\(command)")
        return line.flatMap { $0.split(separator: ",").first }
            .flatMap { $0.split(separator: "=").last }
            .flatMap { Int($0) } ?? 0
    }

    /// A number of INFO.
    package func info(_ section: String, _ field: String) async throws -> Int {
        try await infoLine(section, field).flatMap { Int($0) } ?? 0
    }

    private func infoLine(_ section: String, _ field: String) async throws -> String? {
        let text = try await send("INFO", section).text ?? ""
        return text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(field + ":") }
            .map { String($0.dropFirst(field.count + 1)) }
    }

    /// The migration's state as stored, if there is one.
    package func state() async throws -> [String: Any]? {
        guard let text = try await text("outpost:migration:\(Self.migration):state") else { return nil }
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }

    /// The phase as stored.
    package func phase() async throws -> String? { try await state()?["phase"] as? String }

    /// The lock as stored, if it is held.
    package func lock() async throws -> [String: Any]? {
        guard let text = try await text("outpost:migration:lock") else { return nil }
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }

    /// The number of the epoch; 0 where there is none.
    package func epoch() async throws -> Int {
        try await text("outpost:migration:epoch")?.split(separator: ":").first.flatMap { Int($0) } ?? 0
    }

    /// What is wrong with a keyspace that should be converged and cleaned; nil where nothing is.
    package func faultOfConverged() async throws -> String? {
        let version = try await text("outpost:schema:version")
        guard version == "1" else { return "The version is \(version ?? "absent")." }
        let phase = try await phase()
        guard phase == "cleaned" else { return "The phase is \(phase ?? "absent")." }
        if let holder = try await text("outpost:migration:lock") { return "The lock is held: \(holder)" }
        let rest = try await send("KEYS", "outpost:migration:\(Self.migration):ledger*").elements.compactMap(\.text)
        guard rest.isEmpty else { return "Ledgers were left: \(rest)" }
        return try await snapshot().difference(from: keyspace.expected(after: before))
    }

    /// What is wrong if one more run writes anything; nil where it does not.
    package func faultOfOneMoreRun() async throws -> String? {
        let changes = try await changes()
        let result = try await converge()
        guard result.exitStatus == 0 else { return "One more run failed: \(result)" }
        let more = try await self.changes() - changes
        return more == 0 ? nil : "One more run wrote \(more) times."
    }
}

/// Lends a server with a keyspace, and closes it however the body ends.
package func withStage(
    _ keyspace: OutpostKeyspace = OutpostKeyspace(tenants: 12),
    arguments: [String] = [],
    tcp: Bool = false,
    tls: ServerTLS? = nil,
    password: String? = nil,
    database: Int = 0,
    environment: [String: String] = [:],
    _ body: (Stage) async throws -> Void
) async throws {
    let options = arguments + (password.map { ["--requirepass", $0] } ?? [])
    try await Places.shared.take {
        try await withRedisServer(arguments: options, tcp: tcp, tls: tls, environment: environment) { server in
            let connection = try await Stage.connect(to: server, password: password, database: database)
            var commands = CommandBuffer()
            for words in keyspace.commands { commands.append(words: words) }
            if !commands.isEmpty { _ = try await connection.pipeline(commands).unlessError() }
            await connection.close()
            try await body(Stage(server: server, keyspace: keyspace, password: password, database: database))
        }
    }
}
