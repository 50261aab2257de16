import RedisClient

/// What INFO says of a server, as far as migrations depend on it.
public struct ServerInfo: Sendable, Equatable {
    /// Which process and history it is.
    public var identity: ServerIdentity
    /// Whether it is a master.
    public var isMaster: Bool
    /// Whom it follows, escaped, if it is a replica.
    public var master: String?
    /// How many keys each of its databases holds that has any.
    public var databases: [Int: Int]
    /// The version it claims, escaped.
    public var version: String
    /// Whether it is part of a cluster.
    public var isCluster: Bool
    /// How many replicas are connected to it; nil where it tells no number.
    public var connectedReplicas: Int?
    /// The limit on memory in bytes; 0 for none.
    public var maxMemory: Int
    /// Memory in use, in bytes.
    public var usedMemory: Int
    /// How many keys all its databases hold.
    public var keys: Int
    /// What it drops at the limit, escaped; nil where it does not tell.
    public var evictionPolicy: String?
    /// Fields of INFO that decide something, and that this server leaves out.
    public var untold: Set<String>
    /// How safe the data is on its disk.
    public var save: Save
    /// How busy it is.
    var load: ServerLoad

    /// What is known of the data on a server's disk.
    public enum Save: Sendable, Equatable {
        /// It does not tell.
        case unknown
        /// Nothing was saved since it started.
        case never
        /// The last snapshot ended then.
        case at(Timestamp)
        /// Every write goes to the append-only file, and the last one arrived there.
        case continuous
    }

    /// Whether it is known to drop keys by itself when memory ends.
    public var mayEvict: Bool { maxMemory > 0 && evictionPolicy.map { $0 != "noeviction" } ?? false }

    /// The commands that ask for it; their replies are read by `init(replies:)`.
    public static var questions: CommandBuffer {
        var commands = CommandBuffer()
        for section in sections { commands.append("INFO", section) }
        return commands
    }

    /// How many commands `questions` has.
    public static var questionCount: Int { sections.count }

    // One section a command: servers before 7.0 take only one.
    private static let sections = ["server", "replication", "memory", "cluster", "persistence", "keyspace"]

    /// What the replies to `questions` say.
    public init(replies: some Sequence<Reply>) throws {
        let known = try InfoFields(replies)
        let fields = known.all
        if let refusal = Self.refusal(fields) {
            throw RedisError(.unsupportedServer, refusal, outcome: .notExecuted)
        }
        guard let runID = fields["run_id"], let replicationID = fields["master_replid"], let role = fields["role"]
        else {
            let missing = ["run_id", "master_replid", "role"].filter { fields[$0] == nil }.joined(separator: ", ")
            throw RedisError(
                .unsupportedServer,
                "INFO does not name \(missing): whether this server (\(Self.product(known))) is the one that it was before, with "
                    + "the same data, cannot be known, and every guarantee rests on that. Migrate on Redis or Valkey.",
                outcome: .notExecuted
            )
        }
        identity = ServerIdentity(runID: runID, replicationID: replicationID)
        isMaster = role == "master"
        master = isMaster ? nil : known.shown("master_host").map { "\($0):\(known.shown("master_port") ?? "?")" }
        databases = Self.databases(fields)
        version = known.shown("redis_version") ?? "unknown"
        isCluster = fields["cluster_enabled"] == "1"
        connectedReplicas = known.number("connected_slaves")
        maxMemory = known.limit("maxmemory")
        usedMemory = known.number("used_memory") ?? 0
        evictionPolicy = known.shown("maxmemory_policy")
        untold = Set(Self.deciding.filter { fields[$0] == nil })
        save = Self.save(known)
        load = ServerLoad(known)
        keys = Bounded.sum(fields.lazy.filter { Self.isDatabase($0.key) }.map { Self.keys($0.value) })
    }

    /// Leaves one key of a database out of all counts.
    mutating func leaveOutKey(of database: Int) {
        keys = max(0, keys - 1)
        databases[database] = databases[database].flatMap { $0 > 1 ? $0 - 1 : nil }
    }

    /// Why no guarantee can be given on such a server; nil where nothing is against it.
    ///
    /// The fence is a key that one server compares and raises. Where two servers accept writes to the same key and merge
    /// them later, each of two holders finds its own epoch, and both would write.
    /// Sources: https://docs.keydb.dev/docs/multi-master and https://www.dragonflydb.io/docs/command-reference/server-management/info
    private static func refusal(_ fields: [String: String]) -> String? {
        if fields["role"] == "active-replica" || fields["connected_masters"] ?? "0" != "0" {
            return
                "This is a KeyDB with several masters that all accept writes: two holders of the lock could not see each "
                + "other. Migrate on a server without active-replica, and let the others copy it."
        }
        if fields["dragonfly_version"] != nil {
            return "This is Dragonfly: that its WATCH fails for whatever Redis' would fail for is not known, and every "
                + "guarantee rests on that. Migrate on Redis or Valkey."
        }
        return nil
    }

    /// What the server calls itself: each field of INFO that is a version, escaped.
    private static func product(_ fields: InfoFields) -> String {
        let versions = fields.all.keys.filter { $0.hasSuffix("_version") && $0 != "gcc_version" }.sorted()
        let named = versions.prefix(4).compactMap { key in fields.shown(key).map { "\(SafeText.guarded(key)) \($0)" } }
        return named.isEmpty ? "it tells no version" : named.joined(separator: ", ")
    }

    private static let deciding = ["redis_version", "maxmemory", "maxmemory_policy", "used_memory", "connected_slaves"]

    private static func isDatabase(_ field: String) -> Bool {
        field.hasPrefix("db") && Bounded(decimal: field.dropFirst(2)) != nil
    }

    private static func databases(_ fields: [String: String]) -> [Int: Int] {
        var databases: [Int: Int] = [:]
        for (field, text) in fields where isDatabase(field) {
            let count = keys(text)
            if let number = Bounded(decimal: field.dropFirst(2)), count > 0 { databases[number.value] = count }
        }
        return databases
    }

    /// The keys of a database by its field in the section "keyspace", `keys=12,expires=3,…`; one without keys has none.
    static func keys(_ field: String?) -> Int {
        guard let field, field.hasPrefix("keys=") else { return 0 }
        return Bounded(decimal: field.dropFirst(5).prefix { $0 != "," })?.value ?? 0
    }

    /// The time of the last save is that of the start where nothing was saved; since 7.0 the saves are counted.
    private static func save(_ fields: InfoFields) -> Save {
        if fields["aof_enabled"] == "1", fields["aof_last_write_status"] == "ok" { return .continuous }
        guard fields["rdb_last_bgsave_status"] != nil, fields["rdb_last_save_time"] != nil else { return .unknown }
        guard fields["rdb_last_bgsave_status"] == "ok", fields["rdb_saves"] != "0",
            let seconds = fields.number("rdb_last_save_time"), seconds <= Bounded.most / 1000
        else { return .never }
        return .at(Timestamp(milliseconds: Int64(seconds) * 1000))
    }

    /// Asks a server; of a cluster all masters, whose answers are taken as one.
    public static func read(from keyspace: any Keyspace) async throws -> ServerInfo {
        try await KeyspaceServers.read(from: keyspace).info
    }
}
