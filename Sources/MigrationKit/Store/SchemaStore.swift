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
    public func snapshot(of migrations: [String], on keyspace: any Keyspace) async throws -> SchemaSnapshot {
        var commands = RoutedCommands(for: keyspace)
        commands.append("PTTL", names.lock)
        commands.add(for: names.lock) { $0.append("TIME") }
        commands.append("TYPE", names.history)
        commands.append("EXISTS", names.daemons)
        Locks.ask(names, in: &commands)
        let unlocked = 4
        let locked = unlocked + Locks.questionCount(names)
        for migration in migrations {
            let record = names.outpostRecord(of: migration)
            commands.add(for: record) { $0.append("HMGET", OutpostRecord.question(of: record)) }
        }
        let counted = locked + migrations.count
        let recordKeys = migrations.map(names.outpostRecord)
        if commands.isRouted {
            for key in recordKeys { commands.append("EXISTS", key) }
        } else if !recordKeys.isEmpty {
            commands.add(for: names.lock) { $0.append("EXISTS", recordKeys) }
        }
        let asked = counted + (commands.isRouted ? recordKeys.count : min(1, recordKeys.count))
        var keys = [names.version, names.lock, names.pause, names.pin, names.retry]
        let fixed = keys.count
        for migration in migrations { keys += [names.state(of: migration), names.approval(of: migration)] }
        let reads = BookkeepingReads(keys, behind: asked, in: &commands)
        let info = asked + BookkeepingReads.replyCount(of: keys.count, isCluster: keyspace.isCluster)
        // A cluster's masters are asked on their own.
        if !keyspace.isCluster { commands.add(for: names.lock) { $0.append(contentsOf: ServerInfo.questions) } }
        let replies: Replies
        do {
            replies = try await keyspace.pipeline(commands)
        } catch let error as RedisError where error.code == .replyTooLarge {
            let records = migrations.map { KeyText.escaped(names.outpostRecord(of: $0)) }.joined(separator: ", ")
            throw MigrationError(
                .unreadable,
                "The bookkeeping holds far more than these programs and Outpost's own write. Nothing was touched; look at the "
                    + "fields of \(records), and remove what is too long."
            )
        }
        var server =
            keyspace.isCluster ? try await ServerInfo.read(from: keyspace) : try ServerInfo(replies: replies[info...])
        guard keyspace.isCluster || !server.isCluster else {
            throw RedisError(
                .unsupportedServer,
                "The server is part of a cluster: set REDIS_CLUSTER_ENABLED=true, so that all of its nodes are looked at.",
                outcome: .notExecuted
            )
        }

        // What processes tell of themselves is in nobody's keyspace: an empty one stays empty.
        if try replies[3].bounded("EXISTS") != 0 { server.leaveOutKey(of: keyspace.options.database) }

        let values = try await reads.values(in: replies, on: keyspace)
        var states: [String: Result<MigrationState, MigrationError>] = [:]
        var approvals: [String: Approval] = [:]
        var records: [String: Result<OutpostRecord, MigrationError>] = [:]
        for (index, migration) in migrations.enumerated() {
            states[migration] = try state(values[fixed + 2 * index], of: migration, among: server.keys)
            approvals[migration] = try document(values[fixed + 2 * index + 1], as: Approval.self)
            switch try OutpostRecord.read(replies[locked + index], at: names.outpostRecord(of: migration)) {
            case .success(let record): records[migration] = record.map(Result.success)
            case .failure(let error): records[migration] = .failure(error)
            }
        }
        if let error = values[1].error, error.serverCode != "WRONGTYPE" { throw error }
        let refusal = try refusal(historyType: replies[2])
        let version = try version(values[0])
        var snapshot = SchemaSnapshot(
            refusal: refusal,
            version: version,
            states: states,
            approvals: approvals,
            records: records,
            lock: LockReading(value: values[1], timeToLive: replies[0]),
            outpostLocks: try Locks.outpost(names, in: replies[unlocked..<locked]),
            pause: try pause(values[2]),
            pin: try pin(values[3]),
            retry: try retry(values[4]),
            server: server,
            time: try ServerTime.read(replies[1])
        )
        try await doubtCleaned(in: &snapshot, on: keyspace)
        let recordCount = try replies[counted..<asked].reduce(0) { try $0 + ($1.bounded("EXISTS") ?? 0) }
        if recordCount > records.count { try await doubtRecords(migrations, in: &snapshot, on: keyspace) }
        // Only while something is to be raised: then it matters whether it was before.
        if refusal == nil, let version = try? version.get(), version < migrations.count {
            snapshot.raisedBefore = try await highestRaised(on: keyspace).flatMap { $0 > version ? $0 : nil }
        }
        return snapshot
    }

    /// The original tool's word that a migration is cleaned counts only if no ledger of ours says otherwise.
    private func doubtCleaned(in snapshot: inout SchemaSnapshot, on keyspace: any Keyspace) async throws {
        for (name, result) in snapshot.states {
            guard var state = try? result.get(), state.format == nil, state.phase == .cleaned else { continue }
            let ledger = Ledger(names: names, migration: name, shape: LedgerShape(buckets: 1))
            guard try await keyspace.send("EXISTS", ledger.firstKey).bounded("EXISTS") != 0 else { continue }
            state.isContradicted = true
            snapshot.states[name] = .success(state)
        }
    }

    /// A hash in the place of one of Outpost's records that has none of its fields is no record, and nothing to write over.
    private func doubtRecords(_ migrations: [String], in snapshot: inout SchemaSnapshot, on keyspace: any Keyspace)
        async throws
    {
        let missing = migrations.filter { snapshot.records[$0] == nil }
        guard !missing.isEmpty else { return }
        var commands = RoutedCommands(for: keyspace)
        for migration in missing { commands.append("EXISTS", names.outpostRecord(of: migration)) }
        for (migration, reply) in zip(missing, try await keyspace.pipeline(commands)) {
            guard try reply.bounded("EXISTS") != 0 else { continue }
            let key = names.outpostRecord(of: migration)
            // Outpost may have written or removed it since.
            var again = RoutedCommands(for: keyspace)
            again.add(for: key) {
                $0.append("HMGET", OutpostRecord.question(of: key))
                $0.append("EXISTS", key)
            }
            let replies = try await keyspace.pipeline(again)
            switch try OutpostRecord.read(replies[0], at: key) {
            case .success(let record?): snapshot.records[migration] = .success(record)
            case .success(nil) where try replies[1].bounded("EXISTS") != 0:
                snapshot.records[migration] = .failure(OutpostRecord.withoutStatus(key))
            case .success(nil): break
            case .failure(let error): snapshot.records[migration] = .failure(error)
            }
        }
    }

    /// Stores a migration's state; a change of phase goes into the history in the same transaction, with the approval that has
    /// opened it and what there is to say of it. So does what there is to say where the phase stays.
    public func save(
        _ state: MigrationState,
        previous: Phase?,
        approval: Approval? = nil,
        detail: String? = nil,
        under lease: Lease,
        on keyspace: any Keyspace
    ) async throws {
        var state = state
        state.format = MigrationState.currentFormat
        state.epoch = lease.epoch.number
        let key = names.state(of: state.migrationName)
        var commands = CommandBuffer()
        commands.append("SET", key, try StoredDocument.encode(state))
        var event: Event?
        if previous != state.phase {
            event = Event(
                .phaseChanged,
                [
                    .migration: state.migrationName, .from: previous?.rawValue ?? "", .to: state.phase.rawValue,
                    .by: lease.author,
                ].merging(approval?.facts(of: state) ?? [:]) { $1 }
            )
            event?.facts[.detail] = detail
        } else if let detail {
            event = Event(
                .stepFinished,
                [
                    .migration: state.migrationName, .phase: state.phase.rawValue, .by: lease.author, .detail: detail,
                ]
            )
        }
        try await write(commands, at: key, telling: event, under: lease, on: keyspace)
    }

    /// Raises the version from n − 1 to n, by comparison; returns false if it is something else by now, or if Outpost has
    /// recorded the migration as done meanwhile.
    ///
    /// Outpost's record of the migration is written with it: in the same transaction, or, in a cluster, where it has a slot
    /// of its own, right after it.
    /// Errors: `unreadable` for a version or a record that holds something else: nothing was written.
    public func raiseVersion(
        to version: Int,
        by migration: String,
        recording record: OutpostRecord,
        under lease: Lease,
        on keyspace: any Keyspace
    ) async throws -> Bool {
        let recordKey = names.outpostRecord(of: migration)
        var reads = CommandBuffer()
        askForVersion(in: &reads)
        if !names.isCluster { reads.append("HMGET", OutpostRecord.question(of: recordKey)) }
        let event = Event(
            .versionRaised,
            [.migration: migration, .schemaVersion: String(version), .by: lease.author]
        )
        for _ in 0..<10 {
            var isAsExpected = false
            let outcome = try await Fence(lease).transaction(
                on: keyspace,
                at: names.version,
                watching: names.isCluster ? [names.version] : [names.version, recordKey],
                reads: reads
            ) { replies in
                isAsExpected = try watchedVersion(in: replies) == version - 1
                if isAsExpected, !names.isCluster {
                    isAsExpected = try OutpostRecord.read(replies[replies.startIndex + 2], at: recordKey).get() == nil
                }
                guard isAsExpected else { return nil }
                var commands = CommandBuffer()
                commands.append("SET", names.version, Bytes(decimal: version))
                if !names.isCluster {
                    record.append(to: &commands, at: recordKey)
                    History.append(event, names: names, to: &commands)
                }
                return commands
            }
            if case .changed = outcome { continue }
            if isAsExpected, names.isCluster {
                try await keepRecord(record, of: migration, under: lease, on: keyspace)
                try await tell(event, under: lease, on: keyspace)
            }
            return isAsExpected
        }
        return false
    }

    /// Takes over the version to which another tool has raised the keyspace, by comparison; returns false if it is something
    /// else than what was found by now.
    public func adoptVersion(
        from found: Int,
        to version: Int,
        by migration: String,
        under lease: Lease,
        on keyspace: any Keyspace
    ) async throws -> Bool {
        var reads = CommandBuffer()
        askForVersion(in: &reads)
        let event = Event(
            .versionAdopted,
            [.migration: migration, .schemaVersion: String(version), .by: lease.author]
        )
        for _ in 0..<10 {
            let outcome = try await Fence(lease).transaction(
                on: keyspace,
                at: names.version,
                watching: [names.version],
                reads: reads
            ) { replies in
                guard try watchedVersion(in: replies) == found else { return nil }
                var commands = CommandBuffer()
                commands.append("SET", names.version, Bytes(decimal: version))
                if !names.isCluster { History.append(event, names: names, to: &commands) }
                return commands
            }
            switch outcome {
            case .changed: continue
            case .committed:
                if names.isCluster { try await tell(event, under: lease, on: keyspace) }
                return true
            case .nothingToDo, .redirected: return false
            }
        }
        return false
    }

    /// Removes an approval that has served.
    public func useUpApproval(of migration: String, under lease: Lease, on keyspace: any Keyspace) async throws {
        let key = names.approval(of: migration)
        var commands = CommandBuffer()
        commands.append("UNLINK", key)
        try await write(commands, at: key, telling: nil, under: lease, on: keyspace)
    }

    /// Removes the approval of an apply or a verify that has ended; one of cleanup stays.
    public func useUpApplyApproval(of migration: String, under lease: Lease, on keyspace: any Keyspace) async throws {
        let key = names.approval(of: migration)
        var reads = CommandBuffer()
        BookkeepingReads.ask(key, in: &reads)
        for _ in 0..<10 {
            let outcome = try await Fence(lease).transaction(on: keyspace, at: key, watching: [key], reads: reads) {
                replies in
                let approval = try document(replies[replies.startIndex], as: Approval.self)
                guard let approval, approval.phase != .cleanup else { return nil }
                var commands = CommandBuffer()
                commands.append("UNLINK", key)
                return commands
            }
            guard case .changed = outcome else { return }
        }
    }

    // MARK: Writing

    /// Runs an order of a person, its entry in the history and the call that wakes daemons; without lock and fence.
    func order(
        _ commands: CommandBuffer,
        at key: Bytes,
        telling event: Event,
        on keyspace: any Keyspace
    ) async throws {
        var aftermath = CommandBuffer()
        History.append(event, names: names, to: &aftermath)
        aftermath.append("PUBLISH", names.wake, Bytes(event.kind.rawValue))
        var commands = commands
        if !names.isCluster { commands.append(contentsOf: aftermath) }
        var transaction = CommandBuffer()
        transaction.append("MULTI")
        transaction.append(contentsOf: commands)
        transaction.append("EXEC")
        let results = try await keyspace.connection(for: key).pipeline(transaction).unlessError()
        if let result = results.last, let error = RedisError.partlyExecuted(commands, replies: result) { throw error }
        // In a cluster the history has a slot of its own.
        if names.isCluster {
            _ = try await keyspace.connection(for: names.history).pipeline(aftermath).unlessError()
        }
    }

    func write(
        _ commands: CommandBuffer,
        at key: Bytes,
        telling event: Event?,
        under lease: Lease,
        on keyspace: any Keyspace
    ) async throws {
        var commands = commands
        if let event, !names.isCluster { History.append(event, names: names, to: &commands) }
        let outcome = try await Fence(lease).transaction(on: keyspace, at: key) { _ in commands }
        guard case .committed = outcome else {
            throw MigrationError(
                .fenced,
                "The migration's epoch changed before a state was written; it was not."
            )
        }
        if let event, names.isCluster { try await tell(event, under: lease, on: keyspace) }
    }

    /// An entry of the history, in a transaction of its own.
    public func tell(_ event: Event, under lease: Lease, on keyspace: any Keyspace) async throws {
        var commands = CommandBuffer()
        History.append(event, names: names, to: &commands)
        _ = try await Fence(lease).transaction(on: keyspace, at: names.history) { _ in commands }
    }

    // MARK: Reading

    /// A state that cannot be entered into the history could not be written whole.
    private func refusal(historyType: Reply) throws -> MigrationError? {
        let type = try historyType.unlessError()
        guard !type.equals(Bytes("none")), !type.equals(Bytes("stream")) else { return nil }
        return .unreadable(names.history, "is not a stream")
    }

    /// Adds the reads of the version for a transaction that watches it.
    private func askForVersion(in reads: inout CommandBuffer) {
        BookkeepingReads.ask(names.version, in: &reads)
        reads.append("EXISTS", names.version)
    }

    /// The version in the replies, which begin with those to these reads; as it is watched, both speak of the same.
    private func watchedVersion(in replies: Replies.SubSequence) throws -> Int {
        let isThere = try replies[replies.startIndex + 1].bounded("EXISTS") != 0
        return try version(isThere ? replies[replies.startIndex] : .null).get()
    }

    /// The version in a reply to GET: decimal without a sign or zeros before it, absent is 0.
    private func version(_ reply: Reply) throws -> Result<Int, MigrationError> {
        if let error = reply.error, error.serverCode != "WRONGTYPE" { throw error }
        if reply.isNull { return .success(0) }
        guard let text = reply.error == nil ? reply.text : nil, let number = Bounded(decimal: text) else {
            let shown = reply.bytes.map { "holds “\(KeyText.escaped($0, limit: 40))”, which is no version number" }
            return .failure(.unreadable(names.version, shown ?? "is not a string"))
        }
        return .success(number.value)
    }

    /// A state whose ledger has more hashes than the server has keys is none: it would size what is done.
    private func state(
        _ reply: Reply,
        of migration: String,
        among keys: Int
    ) throws -> Result<MigrationState, MigrationError>? {
        let key = names.state(of: migration)
        if let error = reply.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return .failure(.unreadable(key, "is not a string"))
        }
        guard let bytes = reply.bytes else { return nil }
        guard bytes.count <= BookkeepingReads.mostBytes else {
            return .failure(.unreadable(key, BookkeepingReads.excess))
        }
        do {
            let state = try MigrationState.read(bytes, key: key, migration: migration)
            if let shape = state.ledger, !shape.fits(among: keys, in: names) {
                return .failure(.unreadable(key, shape.excess(over: keys)))
            }
            return .success(state)
        } catch let error as MigrationError {
            return .failure(error)
        }
    }

    func document<Document: Decodable>(_ reply: Reply, as type: Document.Type) throws -> Document? {
        if let error = reply.error, error.serverCode != "WRONGTYPE" { throw error }
        guard let bytes = reply.bytes, bytes.count <= BookkeepingReads.mostBytes else { return nil }
        return StoredDocument.decode(type, from: bytes)
    }

    /// A pause that cannot be read is a pause all the same.
    func pause(_ reply: Reply) throws -> Override? {
        if reply.isNull { return nil }
        return try document(reply, as: Override.self) ?? .unreadable
    }

    /// A pin that cannot be read is neither a target nor none.
    func pin(_ reply: Reply) throws -> Result<Pin?, MigrationError> {
        if reply.isNull { return .success(nil) }
        guard let pin = try document(reply, as: Pin.self) else {
            let isLong = (reply.bytes?.count ?? 0) > BookkeepingReads.mostBytes
            return .failure(
                .unreadable(names.pin, isLong ? BookkeepingReads.excess : "holds no order to pin a version")
            )
        }
        return .success(pin)
    }

    /// An order that cannot be read is one all the same; its bytes tell it from the next.
    private func retry(_ reply: Reply) throws -> RetryOrder? {
        if reply.isNull { return nil }
        if let order = try document(reply, as: RetryOrder.self) { return order }
        return RetryOrder(id: KeyText.escaped(reply.bytes ?? []), migration: nil, order: .unreadable)
    }
}
