import RedisClient

/// What processes tell of themselves: one hash, a field for each.
extension SchemaStore {
    /// How long the hash stays when nobody writes to it any more.
    private static let lifetime = Duration.seconds(30 * 86400)
    /// How long a record stays that its process did not renew: so long `status` tells that the process is gone.
    private static let memory = Duration.seconds(3600)
    /// What all records may take: thousands of them.
    private static let mostBytes = 1 << 20
    /// How many are told.
    private static let most = 100

    /// Writes a record under the name of its holder.
    ///
    /// Errors: those of the connection and of the server.
    public func announce(_ record: DaemonRecord, on keyspace: any Keyspace) async throws {
        var commands = RoutedCommands(for: keyspace)
        let document = try StoredDocument.encode(record)
        commands.add(for: names.daemons) {
            $0.append("HSET", names.daemons, Bytes(record.holder), document)
            $0.append("PEXPIRE", names.daemons, Bytes(decimal: Int(Self.lifetime.milliseconds)))
        }
        for reply in try await keyspace.pipeline(commands) { _ = try reply.unlessError() }
    }

    /// Removes the record of a holder that ends as it should.
    ///
    /// Errors: those of the connection and of the server.
    public func withdraw(_ holder: String, on keyspace: any Keyspace) async throws {
        _ = try await keyspace.send("HDEL", names.daemons, Bytes(holder))
    }

    /// The records, the latest first: those that are believed, and those of the last hour that were not renewed.
    ///
    /// What cannot be read is left out. Errors: those of the connection; `replyTooLarge` where far more stands there than
    /// processes write.
    public func daemons(at now: Timestamp, on keyspace: any Keyspace) async throws -> [DaemonRecord] {
        try await allDaemons(on: keyspace).filter { !Self.isForgotten($0, at: now) }
    }

    /// Removes what processes left that ended long ago without a word.
    ///
    /// Errors: those of `daemons`.
    public func forgetDaemons(at now: Timestamp, on keyspace: any Keyspace) async throws {
        let gone = try await allDaemons(on: keyspace).filter { Self.isForgotten($0, at: now) }
        guard !gone.isEmpty else { return }
        var commands = RoutedCommands(for: keyspace)
        commands.add(for: names.daemons) { $0.append("HDEL", [names.daemons] + gone.map { Bytes($0.holder) }) }
        _ = try await keyspace.pipeline(commands)
    }

    private static func isForgotten(_ record: DaemonRecord, at now: Timestamp) -> Bool {
        record.until.duration(to: now) > memory
    }

    private func allDaemons(on keyspace: any Keyspace) async throws -> [DaemonRecord] {
        var question = RoutedCommands(for: keyspace)
        question.add(for: names.daemons) {
            $0.expect(replyBytes: Self.mostBytes)
            $0.append("HGETALL", names.daemons)
        }
        let reply = try await keyspace.pipeline(question)[0]
        guard reply.error == nil else { return [] }
        let words = Array(reply.elements)
        let records = stride(from: 0, to: words.count - 1, by: 2).compactMap { index -> DaemonRecord? in
            guard let bytes = words[index + 1].bytes,
                let record = StoredDocument.decode(DaemonRecord.self, from: bytes), record.format == 1,
                words[index].equals(Bytes(record.holder))
            else { return nil }
            return record
        }
        return Array(records.sorted { ($0.at, $0.holder) > ($1.at, $1.holder) }.prefix(Self.most))
    }
}
