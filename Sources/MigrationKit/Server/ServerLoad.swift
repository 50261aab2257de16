import RedisClient

/// How busy a server is by one reading of INFO; ``ServerStrain`` is made of such readings.
struct ServerLoad: Sendable, Equatable {
    /// Memory that counts against the limit, in bytes.
    var usedMemory = 0
    /// The limit on memory in bytes: `maxmemory`, or else the machine's own; 0 where neither is known.
    var memoryLimit = 0
    /// Whether the limit is the machine's, as the server has none of its own.
    var isMachinesLimit = false
    /// How many keys were evicted since the server started; nil where the reading did not ask.
    var evictedKeys: Int?
    /// How many bytes the master has written for its replicas.
    var offset = 0
    /// The replicas.
    var replicas: [Replica] = []
    /// Whether it loads its data.
    var isLoading = false
    /// The save under way.
    var save: Save?

    /// What a replica has of its master's writes.
    struct Replica: Sendable, Equatable {
        /// Its address.
        var name: String
        /// How many bytes it has acknowledged.
        var offset: Int
        /// How many seconds ago it last said so.
        var lag: Int
        /// Whether it follows; false while it gets its first copy of the data.
        var isOnline: Bool
    }

    /// A child process that writes the data to disk.
    struct Save: Sendable, Equatable {
        /// What it is, for people.
        var kind: String
        /// Bytes that were copied since it began, because they were written to.
        var copied: Int
    }

    /// An idle server.
    init() {}

    /// What INFO says; sections that were not asked for count as idle.
    init(_ fields: InfoFields) {
        // What waits for replicas and the append-only file is in used_memory, and the limit does not mean it.
        usedMemory = max(0, (fields.number("used_memory") ?? 0) - (fields.number("mem_not_counted_for_evict") ?? 0))
        memoryLimit = fields.limit("maxmemory")
        if memoryLimit == 0, let machine = fields.number("total_system_memory") {
            memoryLimit = machine
            isMachinesLimit = true
        }
        evictedKeys = fields.number("evicted_keys")
        offset = fields.place("master_repl_offset")
        replicas = Self.replicas(fields)
        isLoading = fields["loading"] == "1"
        save = Self.save(fields)
    }

    /// The replicas that are listed, however many the server counts.
    private static func replicas(_ fields: InfoFields) -> [Replica] {
        let listed = fields.all.compactMap { name, line -> (number: Bounded, line: String)? in
            guard name.hasPrefix("slave") else { return nil }
            return Bounded(decimal: name.dropFirst(5)).map { ($0, line) }
        }
        return listed.sorted { $0.number < $1.number }.map { replica($0.line) }
    }

    private static func replica(_ line: String) -> Replica {
        var facts: [Substring: Substring] = [:]
        for part in line.split(separator: ",") {
            let words = part.split(separator: "=", maxSplits: 1)
            if words.count == 2 { facts[words[0]] = words[1] }
        }
        return Replica(
            name: KeyText.escaped(Bytes("\(facts["ip"] ?? "?"):\(facts["port"] ?? "?")"), limit: 60),
            offset: InfoFields.place(facts["offset"]),
            lag: facts["lag"].flatMap { Bounded(decimal: $0)?.value } ?? 0,
            isOnline: facts["state"] == "online"
        )
    }

    private static func save(_ fields: InfoFields) -> Save? {
        let copied = fields.number("current_cow_size") ?? 0
        if fields["rdb_bgsave_in_progress"] == "1" { return Save(kind: "a snapshot", copied: copied) }
        if fields["aof_rewrite_in_progress"] == "1" {
            return Save(kind: "a rewrite of the append-only file", copied: copied)
        }
        return nil
    }

    /// The commands that ask for it, one section each: servers before 7.0 take only one.
    static var questions: CommandBuffer {
        var commands = CommandBuffer()
        for section in ["memory", "stats", "replication", "persistence"] { commands.append("INFO", section) }
        return commands
    }

    /// Asks all masters at once, each in one round trip.
    static func read(from masters: [KeyspaceMaster]) async throws -> [ServerLoad] {
        if masters.count == 1 { return [try await read(from: masters[0].connection)] }
        var loads = [ServerLoad](repeating: ServerLoad(), count: masters.count)
        try await withThrowingTaskGroup(of: (Int, ServerLoad).self) { group in
            for (index, master) in masters.enumerated() {
                let connection = master.connection
                group.addTask { (index, try await read(from: connection)) }
            }
            for try await (index, load) in group { loads[index] = load }
        }
        return loads
    }

    private static func read(from connection: RedisConnection) async throws -> ServerLoad {
        ServerLoad(try InfoFields(await connection.pipeline(questions)))
    }
}
