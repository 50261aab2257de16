import RedisClient

/// What Outpost keeps about one of its migrations, in a hash of its own: it does not start before all of them are there.
///
/// We write it with each raise, in its own words, so that its gate opens and its own migrators have nothing left to do.
public struct OutpostRecord: Sendable, Equatable {
    /// What became of a migration.
    public enum Status: Sendable, Equatable {
        /// It was applied.
        case applied
        /// It does not concern the deployment, for this reason.
        case notApplicable(String)
    }

    /// What became of the migration.
    public var status: Status
    /// When, RFC 3339; nil where the record does not say.
    public var time: String?
    /// Whether Outpost's own migrator wrote it, and not a raise of ours.
    public var isForeign = false

    /// A record of its parts.
    public init(_ status: Status, at time: String? = nil) {
        self.status = status
        self.time = time
    }

    /// The record of a migration that is done now.
    public init(of migration: any Migration, in names: KeyNames) {
        switch migration.applicability(in: names) {
        case .applicable: status = .applied
        case .notApplicable(let reason): status = .notApplicable(reason)
        }
        time = Timestamp.now.rfc3339InSeconds
    }

    /// The field that holds the time.
    private var timeField: String {
        switch status {
        case .applied: return "applied_at"
        case .notApplicable: return "checked_at"
        }
    }

    /// The words of the field `status`.
    var word: String {
        switch status {
        case .applied: return "applied"
        case .notApplicable: return "not_applicable"
        }
    }
}

extension OutpostRecord {
    /// What is asked about a record.
    static func question(of key: Bytes) -> [Bytes] {
        [key, Bytes("status"), Bytes("applied_at"), Bytes("checked_at"), Bytes("reason"), writer]
    }

    /// The field that tells our records from Outpost's own, which it does not look at.
    private static let writer = Bytes("written_by")
    private static let ourselves = Bytes("migrateredis")

    /// The record in the reply to HMGET; nil where there is none.
    ///
    /// Errors: those of the server; a key of another type and an unknown status are part of the result.
    static func read(_ reply: Reply, at key: Bytes) throws -> Result<OutpostRecord?, MigrationError> {
        if let error = reply.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return .failure(.unreadable(key, "is not a hash, as Outpost's record of a migration is"))
        }
        let fields = Array(reply.elements)
        guard fields.count == 5 else {
            throw RedisError(.unexpectedReply, "HMGET did not answer for each field.", outcome: .notExecuted)
        }
        var record: OutpostRecord
        guard let word = fields[0].bytes else {
            guard fields.allSatisfy(\.isNull) else {
                return .failure(withoutStatus(key))
            }
            return .success(nil)
        }
        switch word {
        case Bytes("applied"):
            record = OutpostRecord(.applied, at: text(fields[1]))
        case Bytes("not_applicable"):
            record = OutpostRecord(.notApplicable(text(fields[3]) ?? ""), at: text(fields[2]))
        default:
            let shown = KeyText.escaped(word, limit: 40)
            return .failure(
                .unreadable(key, "has the status “\(shown)”, which is none of Outpost's (applied, not_applicable)")
            )
        }
        record.isForeign = fields[4].bytes != ourselves
        return .success(record)
    }

    /// What is wrong with a hash that cannot be a record.
    static func withoutStatus(_ key: Bytes) -> MigrationError {
        .unreadable(key, "has no status, which Outpost's record of a migration has")
    }

    /// The most bytes of a field that are kept; Outpost's own are a time and a sentence.
    private static let mostBytes = 1024

    /// The text of a field, which may be of any length, as much of it as is kept.
    private static func text(_ field: Reply) -> String? {
        field.bytes.map { String(decoding: $0.prefix(mostBytes), as: UTF8.self) }
    }

    /// Adds the commands that write a record that is not there yet.
    func append(to commands: inout CommandBuffer, at key: Bytes) {
        commands.append("HSETNX", key, Self.writer, Self.ourselves)
        commands.append("HSETNX", key, Bytes("status"), Bytes(word))
        if let time { commands.append("HSETNX", key, Bytes(timeField), Bytes(time)) }
        if case .notApplicable(let reason) = status { commands.append("HSETNX", key, Bytes("reason"), Bytes(reason)) }
    }
}

extension SchemaStore {
    /// Writes the record of a migration unless there is one; returns whether it did.
    ///
    /// Errors: `unreadable` for a key that holds something else; all of the fence's.
    @discardableResult
    public func keepRecord(
        _ record: OutpostRecord,
        of migration: String,
        under lease: Lease,
        on keyspace: any Keyspace
    ) async throws -> Bool {
        let key = names.outpostRecord(of: migration)
        var reads = CommandBuffer()
        reads.append("HMGET", OutpostRecord.question(of: key))
        for _ in 0..<10 {
            let outcome = try await Fence(lease).transaction(on: keyspace, at: key, watching: [key], reads: reads) {
                replies in
                guard try OutpostRecord.read(replies[replies.startIndex], at: key).get() == nil else { return nil }
                var commands = CommandBuffer()
                record.append(to: &commands, at: key)
                return commands
            }
            switch outcome {
            case .changed: continue
            case .committed: return true
            case .nothingToDo, .redirected: return false
            }
        }
        return false
    }

    /// Takes the record of a migration back, for whoever lowers the version below it.
    public func takeBackRecord(of migration: String, under lease: Lease, on keyspace: any Keyspace) async throws {
        let key = names.outpostRecord(of: migration)
        var commands = CommandBuffer()
        commands.append("UNLINK", key)
        try await write(commands, at: key, telling: nil, under: lease, on: keyspace)
    }
}
