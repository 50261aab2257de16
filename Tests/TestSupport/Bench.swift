import Foundation
import MigrationKit
import Migrations
import RedisClient

/// A server, a connection to it, and the migration `001_hash_tags`, as tests of the engine need them.
package struct Bench: Sendable {
    /// The server of this test.
    package let server: RedisServer
    /// A connection of the default user, who may do everything: for what a test does and looks at.
    package let connection: RedisConnection
    /// A connection of the user that the programs have: for what is tested.
    package let worker: RedisConnection
    /// Names without a deployment id.
    package let names = KeyNames()
    /// The migration.
    package let migration = HashTags()

    /// A bench of one server.
    package init(server: RedisServer, connection: RedisConnection, worker: RedisConnection? = nil) {
        self.server = server
        self.connection = connection
        self.worker = worker ?? connection
    }

    /// The store.
    package var store: SchemaStore { SchemaStore(names: names) }

    /// What the server can do.
    package func features() async throws -> ServerFeatures {
        try await ServerFeatures.read(from: connection, names: names)
    }

    // MARK: Commands

    /// Sends one command of words without spaces; errors are thrown.
    @discardableResult
    package func send(_ line: String) async throws -> Reply {
        var commands = CommandBuffer()
        commands.append(words: line.split(separator: " ").map(String.init))
        return try await connection.pipeline(commands)[0].unlessError()
    }

    /// A connection of the programs' user beside the bench's own, perhaps through a proxy.
    package func connect(through proxy: CommandProxy? = nil, timeout: Duration = .seconds(10)) async throws
        -> RedisConnection
    {
        try await RedisConnection.open(options(through: proxy, timeout: timeout))
    }

    /// How the programs reach the server, perhaps through a proxy: as the user of the least privilege.
    package func options(through proxy: CommandProxy? = nil, timeout: Duration = .seconds(10)) -> ConnectionOptions {
        ConnectionOptions(
            endpoint: .unix(path: proxy?.socketPath ?? server.socketPath),
            username: LeastPrivilege.user,
            password: LeastPrivilege.password,
            commandTimeout: timeout
        )
    }

    /// Another connection of the default user.
    package func connectAsAdministrator() async throws -> RedisConnection {
        try await RedisConnection.open(ConnectionOptions(endpoint: .unix(path: server.socketPath), clientName: "bench"))
    }

    /// Writes tenants `t0`, `t1`, … in the old form.
    package func addTenants(_ range: Range<Int>) async throws {
        try await server.load(range.map { "HSET tenant:t\($0) id t\($0) name n\($0)\n" }.joined())
    }

    // MARK: Looking

    /// The content of a hash, as text; nil when there is none.
    package func hash(_ key: String) async throws -> [String: String]? {
        let words = try await connection.send("HGETALL", Bytes(key)).elements.compactMap(\.text)
        guard !words.isEmpty else { return nil }
        let pairs = stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
        return Dictionary(pairs) { first, _ in first }
    }

    /// When a key expires, in milliseconds since 1970; −1 for never, −2 when there is none. Exact on every server.
    package func expiry(_ key: String) async throws -> Int64? {
        try await connection.expiry(of: Bytes(key))
    }

    /// How many keys match a pattern.
    package func count(_ pattern: String) async throws -> Int {
        try await connection.send("KEYS", Bytes(pattern)).count
    }

    /// Every data key with its type, content and expiry; names and values escaped.
    package func data() async throws -> [String: String] {
        var all: [String: String] = [:]
        for name in try await connection.send("KEYS", Bytes("*")).elements.compactMap(\.bytes)
        where !names.isBookkeeping(name) {
            all[KeyText.escaped(name)] = try await content(of: name)
        }
        return all
    }

    private func content(of key: Bytes) async throws -> String {
        let type = try await connection.send("TYPE", key).text ?? ""
        let expiry = try await connection.expiry(of: key)
        var content: [String]
        switch type {
        case "hash":
            let words = try await connection.send("HGETALL", key).elements.compactMap(\.bytes)
            content = stride(from: 0, to: words.count - 1, by: 2).map {
                "\(KeyText.escaped(words[$0]))=\(KeyText.escaped(words[$0 + 1], limit: 10_000))"
            }
            content.sort()
        case "string": content = [try await connection.send("GET", key).text ?? ""]
        default: content = [String(describing: try await connection.send("DUMP", key).bytes)]
        }
        return "\(type) \(content) expires \(expiry)"
    }

    /// What the store sees.
    package func snapshot() async throws -> SchemaSnapshot {
        try await store.snapshot(of: [migration.name], on: connection)
    }

    /// The migration's state, if it has one.
    package func state() async throws -> MigrationState? {
        try await snapshot().state(of: migration.name)
    }

    /// The schema version.
    package func version() async throws -> Int {
        try await snapshot().version.get()
    }

    /// The entries of the history, oldest first.
    package func history() async throws -> [[String: String]] {
        try await connection.send("XRANGE", names.history, Bytes("-"), Bytes("+")).elements.map { entry in
            let words = Array(entry.elements).last?.elements.compactMap(\.text) ?? []
            let pairs = stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    /// A number of INFO, such as `rdb_changes_since_last_save` of `persistence`.
    package func info(_ section: String, _ field: String) async throws -> Int {
        let text = try await connection.send("INFO", Bytes(section)).text ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(field + ":") }
        return line?.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    /// How many writes have changed something since the server started.
    package func writes() async throws -> Int {
        try await info("persistence", "rdb_changes_since_last_save")
    }

    /// How often a command was called since `CONFIG RESETSTAT`.
    package func calls(of command: String) async throws -> Int {
        let text = try await connection.send("INFO", Bytes("commandstats")).text ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line?.split(separator: "=").dropFirst().first?.split(separator: ",").first.flatMap { Int($0) } ?? 0
    }

    // MARK: Working

    /// Lends the lock.
    package func withLease<T: Sendable>(
        as identity: HolderIdentity = .named("bench"),
        times: LockTimes = LockTimes(),
        on connection: RedisConnection? = nil,
        _ body: (Lease) async throws -> T
    ) async throws -> T {
        var watch = LockWatch()
        let locksmith = Locksmith(names: names, identity: identity, times: times)
        return try await locksmith.withLease(
            on: connection ?? worker,
            for: migration.name,
            watch: &watch,
            body
        )
    }

    /// Runs phases.
    package func runner(
        on connection: RedisConnection? = nil,
        limits: Limits = Limits(batchTime: .seconds(1)),
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) -> PhaseRunner {
        PhaseRunner(
            store: store,
            keyspace: connection ?? worker,
            registry: .outpost,
            limits: limits,
            shouldStop: shouldStop
        )
    }

    /// Plans, and applies under the lock; only what apply does goes over the connection given.
    @discardableResult
    package func apply(on connection: RedisConnection? = nil) async throws -> MigrationState {
        try await withLease { lease in
            _ = try await runner().record(try await runner().plan(migration), of: migration, under: lease)
            return try await runner(on: connection).apply(migration, under: lease)
        }
    }

    /// Verifies under the lock.
    package func verify(on connection: RedisConnection? = nil) async throws -> VerificationResult {
        try await withLease(on: connection) { try await runner(on: connection).verify(migration, under: $0) }
    }

    /// Cleans up under the lock, with every gate open.
    package func cleanup(on connection: RedisConnection? = nil) async throws -> CleanupResult {
        try await withLease(on: connection) { try await runner(on: connection).cleanup(migration, under: $0) }
    }
}

/// Lends a server with a bench around it.
package func withBench<T>(
    arguments: [String] = [],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Bench) async throws -> T
) async throws -> T {
    try await withRedisServer(arguments: arguments) { server in
        let connection = try await RedisConnection.open(
            ConnectionOptions(endpoint: .unix(path: server.socketPath), clientName: "bench")
        )
        let start = Bench(server: server, connection: connection)
        let worker = try await start.connect()
        let result: Result<T, any Error>
        do {
            result = .success(try await body(Bench(server: server, connection: connection, worker: worker)))
        } catch {
            result = .failure(error)
        }
        await worker.close()
        await connection.close()
        return try result.get()
    }
}

extension HolderIdentity {
    /// A holder on a host of its own, whose process nobody can look at.
    package static func named(_ name: String) -> HolderIdentity {
        HolderIdentity(
            token: Self.current(instance: "", version: "").token,
            host: name,
            instance: "",
            processID: 1,
            bootID: "",
            processNamespace: "",
            version: "test"
        )
    }

    /// A holder of this boot whose process was killed.
    package static func killed() -> HolderIdentity {
        var identity = Self.current(instance: "killed", version: "test")
        identity.processID = .max
        return identity
    }
}

/// The error that a body throws, as one of ours; nil when it throws none or another one.
package func migrationError(of body: () async throws -> Void) async -> MigrationError.Code? {
    do {
        try await body()
        return nil
    } catch let error as MigrationError {
        return error.code
    } catch {
        return nil
    }
}
