import RedisClient

/// Reads and writes what the programs keep in Redis besides the data.
public struct SchemaStore: Sendable {
    /// The names of this deployment.
    public var names: KeyNames

    /// The store of one deployment.
    public init(names: KeyNames) {
        self.names = names
    }

    /// Looks at everything that decisions depend on, in one round trip.
    ///
    /// Errors: those of the connection and of the server; what Redis holds and cannot be read is part of the snapshot.
    public func snapshot(of migrations: [String], on connection: RedisConnection) async throws -> SchemaSnapshot {
        var commands = CommandBuffer()
        commands.append("GET", names.version)
        commands.append("GET", names.lock)
        commands.append("PTTL", names.lock)
        commands.append("GET", names.pause)
        commands.append("TIME")
        commands.append("TYPE", names.history)
        let fixed = commands.count
        for migration in migrations {
            commands.append("GET", names.state(of: migration))
            commands.append("GET", names.approval(of: migration))
        }
        let info = commands.count
        commands.append(contentsOf: ServerInfo.questions)
        let replies = try await connection.pipeline(commands)

        var states: [String: Result<MigrationState, MigrationError>] = [:]
        var approvals: [String: Approval] = [:]
        for (index, migration) in migrations.enumerated() {
            states[migration] = try state(replies[fixed + 2 * index], of: migration)
            approvals[migration] = try document(replies[fixed + 2 * index + 1], as: Approval.self)
        }
        if let error = replies[1].error, error.serverCode != "WRONGTYPE" { throw error }
        return SchemaSnapshot(
            refusal: try refusal(historyType: replies[5]),
            version: try version(replies[0]),
            states: states,
            approvals: approvals,
            lock: LockReading(value: replies[1], timeToLive: replies[2]),
            pause: try pause(replies[3]),
            server: try ServerInfo(replies: replies[info...]),
            time: try ServerTime.read(replies[4])
        )
    }

    /// Stores a migration's state; a change of phase goes into the history in the same transaction.
    public func save(
        _ state: MigrationState,
        previous: Phase?,
        under lease: Lease,
        on connection: RedisConnection
    ) async throws {
        var state = state
        state.format = MigrationState.currentFormat
        state.epoch = lease.epoch.number
        var commands = CommandBuffer()
        commands.append("SET", names.state(of: state.migrationName), try StoredDocument.encode(state))
        if previous != state.phase {
            appendHistory(
                Event(
                    .phaseChanged,
                    [
                        .migration: state.migrationName, .from: previous?.rawValue ?? "", .to: state.phase.rawValue,
                        .by: lease.record.holder,
                    ]
                ),
                to: &commands
            )
        }
        try await write(commands, under: lease, on: connection)
    }

    /// Raises the version from n − 1 to n, by comparison; returns false if it is something else by now.
    public func raiseVersion(to version: Int, under lease: Lease, on connection: RedisConnection) async throws -> Bool {
        var reads = CommandBuffer()
        reads.append("GET", names.version)
        for _ in 0..<10 {
            var isAsExpected = false
            let outcome = try await Fence(lease).transaction(on: connection, watching: [names.version], reads: reads) {
                replies in
                let current = try self.version(replies[replies.startIndex]).get()
                isAsExpected = current == version - 1
                guard isAsExpected else { return nil }
                var commands = CommandBuffer()
                commands.append("SET", names.version, Bytes(String(version)))
                appendHistory(
                    Event(
                        .versionRaised,
                        [
                            .migration: lease.record.migration, .schemaVersion: String(version),
                            .by: lease.record.holder,
                        ]
                    ),
                    to: &commands
                )
                return commands
            }
            if case .changed = outcome { continue }
            return isAsExpected
        }
        return false
    }

    /// Removes an approval that has served.
    public func useUpApproval(of migration: String, under lease: Lease, on connection: RedisConnection) async throws {
        var commands = CommandBuffer()
        commands.append("UNLINK", names.approval(of: migration))
        try await write(commands, under: lease, on: connection)
    }

    /// Removes the approval of an apply that has ended; one of another phase stays.
    public func useUpApplyApproval(of migration: String, under lease: Lease, on connection: RedisConnection)
        async throws
    {
        let key = names.approval(of: migration)
        var reads = CommandBuffer()
        reads.append("GET", key)
        for _ in 0..<10 {
            let outcome = try await Fence(lease).transaction(on: connection, watching: [key], reads: reads) { replies in
                let approval = try document(replies[replies.startIndex], as: Approval.self)
                guard approval?.phase == .apply else { return nil }
                var commands = CommandBuffer()
                commands.append("UNLINK", key)
                return commands
            }
            guard case .changed = outcome else { return }
        }
    }

    /// Stores an approval; needs no lock, since people must be heard while others work.
    public func approve(_ approval: Approval, on connection: RedisConnection) async throws {
        var commands = CommandBuffer()
        commands.append("MULTI")
        commands.append("SET", names.approval(of: approval.migration), try StoredDocument.encode(approval))
        appendHistory(
            Event(
                .approved,
                [
                    .migration: approval.migration, .phase: approval.phase.rawValue, .by: approval.by,
                    .detail: approval.reason,
                ]
            ),
            to: &commands
        )
        commands.append("PUBLISH", Bytes(names.prefix + "outpost:migration:wake"), Bytes("approve"))
        commands.append("EXEC")
        let results = try await connection.pipeline(commands).unlessError()
        if let error = results.last?.elements.lazy.compactMap(\.error).first { throw error }
    }

    private func write(_ commands: CommandBuffer, under lease: Lease, on connection: RedisConnection) async throws {
        let outcome = try await Fence(lease).transaction(on: connection) { _ in commands }
        guard case .committed = outcome else {
            throw MigrationError(
                .fenced,
                "The migration's epoch changed before a state was written; it was not."
            )
        }
    }

    private func appendHistory(_ event: Event, to commands: inout CommandBuffer) {
        History.append(event, names: names, to: &commands)
    }

    // MARK: Reading

    /// A state that cannot be entered into the history could not be written whole.
    private func refusal(historyType: Reply) throws -> MigrationError? {
        let type = try historyType.unlessError()
        guard !type.equals(Bytes("none")), !type.equals(Bytes("stream")) else { return nil }
        return .unreadable(names.history, "is not a stream")
    }

    /// The version in a reply to GET: decimal without a sign, absent is 0.
    private func version(_ reply: Reply) throws -> Result<Int, MigrationError> {
        if let error = reply.error, error.serverCode != "WRONGTYPE" { throw error }
        if reply.isNull { return .success(0) }
        guard let text = reply.error == nil ? reply.text : nil, !text.isEmpty,
            text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text)
        else {
            let shown = reply.bytes.map { "holds “\(KeyText.escaped($0, limit: 40))”, which is no version number" }
            return .failure(.unreadable(names.version, shown ?? "is not a string"))
        }
        return .success(number)
    }

    private func state(_ reply: Reply, of migration: String) throws -> Result<MigrationState, MigrationError>? {
        let key = names.state(of: migration)
        if let error = reply.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return .failure(.unreadable(key, "is not a string"))
        }
        guard let bytes = reply.bytes else { return nil }
        do {
            return .success(try MigrationState.read(bytes, key: key, migration: migration))
        } catch let error as MigrationError {
            return .failure(error)
        }
    }

    private func document<Document: Decodable>(_ reply: Reply, as type: Document.Type) throws -> Document? {
        if let error = reply.error, error.serverCode != "WRONGTYPE" { throw error }
        return reply.bytes.flatMap { StoredDocument.decode(type, from: $0) }
    }

    /// A pause that cannot be read is a pause all the same.
    private func pause(_ reply: Reply) throws -> Override? {
        if reply.isNull { return nil }
        return try document(reply, as: Override.self) ?? Override(by: "somebody", at: "", reason: "")
    }
}
