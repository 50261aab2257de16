import RedisClient

/// What a phase found of the schema version, and must find again before it writes.
///
/// A phase copies, compares or removes by which names are the truth, and the version says which. Our lock keeps out
/// whoever asks for it; another tool, or a person with `redis-cli`, may raise or lower the version all the same, or record
/// that a migration is done. On one server each transaction watches and reads both beside the epoch, so that it commits
/// only if neither has changed. In a cluster they have slots of their own, and are looked at before each page.
struct VersionGuard: Sendable {
    /// The key of the schema version.
    let version: Bytes
    /// The keys of Outpost's records of all migrations.
    let records: [Bytes]
    /// The version that was found.
    let found: Int
    /// How many of the records were found.
    let recorded: Int

    /// A guard of what was found.
    init(names: KeyNames, migrations: [String], found: Int, recorded: Int) {
        version = names.version
        records = migrations.map(names.outpostRecord)
        self.found = found
        self.recorded = recorded
    }

    /// The keys whose change refuses a commit.
    var keys: [Bytes] { [version] + records }

    /// How many commands `ask` adds.
    static let questionCount = 2

    /// Adds the reads of version and records, for one server.
    func ask(in commands: inout CommandBuffer) {
        askForVersion(in: &commands)
        commands.append("EXISTS", records)
    }

    /// No version that can be read is longer.
    private func askForVersion(in commands: inout CommandBuffer) {
        commands.append("GETRANGE", version, Bytes("0"), Bytes("20"))
    }

    /// Compares the replies to `ask` with what was found.
    ///
    /// Errors: `versionChanged`, and those of the server.
    func compare(version: Reply, records: Reply) throws {
        try compare(version: version, recorded: records.bounded("EXISTS") ?? 0)
    }

    private func compare(version: Reply, recorded now: Int) throws {
        if let error = version.error, error.serverCode != "WRONGTYPE" { throw error }
        // One that is not there is read as an empty one.
        let text = version.error == nil ? version.text : nil
        let number = text == "" ? 0 : text.flatMap { Bounded(decimal: $0) }?.value
        guard number == found else {
            let shown = number.map { "is \($0) now" } ?? "cannot be read any more"
            throw changed("The schema version was \(found) when this began, and \(shown)")
        }
        guard now == recorded else {
            throw changed("Outpost's records of its migrations changed while this ran")
        }
    }

    /// Looks at version and records in a cluster.
    ///
    /// Errors: those of `compare`.
    func look(on keyspace: any Keyspace) async throws {
        var commands = RoutedCommands(for: keyspace)
        commands.add(for: version) { askForVersion(in: &$0) }
        for record in records { commands.append("EXISTS", record) }
        let replies = try await keyspace.pipeline(commands)
        var now = 0
        for reply in replies.dropFirst() { now += try reply.bounded("EXISTS") ?? 0 }
        try compare(version: replies[0], recorded: now)
    }

    private func changed(_ what: String) -> MigrationError {
        MigrationError(
            .versionChanged,
            "\(what): another tool or a person works on this keyspace beside us. Nothing was written after that was seen, "
                + "and what is done is kept; `migrateredis status` says what follows."
        )
    }
}
