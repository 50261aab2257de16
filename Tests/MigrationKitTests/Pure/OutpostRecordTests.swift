import Testing

@testable import MigrationKit
@testable import RedisClient

@Suite("Outpost's record of a migration")
struct OutpostRecordTests {
    private static let key = Bytes("outpost:migration:001_hash_tags")

    /// A record of Outpost's own, or of ours.
    private static func reply(_ fields: [String?], writer: String? = nil) throws -> Reply {
        let fields = fields + [writer]
        let elements = fields.map { field in field.map { "$\($0.utf8.count)\r\n\($0)\r\n" } ?? "$-1\r\n" }
        return try WireReply.parse("*\(fields.count)\r\n" + elements.joined())
    }

    struct Case: Sendable {
        var fields: [String?]
        var record: OutpostRecord?
    }

    static let readable = [
        Case(fields: [nil, nil, nil, nil], record: nil),
        Case(fields: ["applied", nil, nil, nil], record: OutpostRecord(.applied)),
        Case(
            fields: ["applied", "2026-01-01T00:00:00+02:00", nil, nil],
            record: OutpostRecord(.applied, at: "2026-01-01T00:00:00+02:00")
        ),
        Case(
            fields: ["not_applicable", nil, "2026-01-01T00:00:00Z", "it has an id"],
            record: OutpostRecord(.notApplicable("it has an id"), at: "2026-01-01T00:00:00Z")
        ),
        Case(fields: ["not_applicable", nil, nil, nil], record: OutpostRecord(.notApplicable(""))),
    ]

    @Test("is read as Outpost writes it, and is known to be ours or another's", arguments: readable)
    func reads(one: Case) throws {
        var record = one.record
        for writer in ["migrateredis", nil, "", "somebody"] where record != nil || writer == nil {
            record?.isForeign = writer != "migrateredis"
            #expect(try OutpostRecord.read(try Self.reply(one.fields, writer: writer), at: Self.key).get() == record)
        }
    }

    @Test(
        "is refused with its key and the way out where it is none",
        arguments: ["", "Applied", "running", "a\u{1b}[1m"]
    )
    func unknownStatus(word: String) throws {
        let result = try OutpostRecord.read(try Self.reply([word, nil, nil, nil]), at: Self.key)
        guard case .failure(let error) = result else {
            Issue.record("“\(word)” was taken.")
            return
        }
        #expect(error.code == .unreadable)
        #expect(
            error.message.contains("outpost:migration:001_hash_tags") && error.message.contains("restore or remove")
        )
        #expect(!error.message.contains("\u{1b}"))
    }

    @Test("keeps of a field no more than any of Outpost's has")
    func longFields() throws {
        let long = String(repeating: "x", count: 5_000_000)
        let record = try OutpostRecord.read(try Self.reply(["not_applicable", nil, long, long]), at: Self.key)
            .get()
        guard let record, case .notApplicable(let reason) = record.status else {
            Issue.record("It was not read.")
            return
        }
        #expect(reason.utf8.count == 1024 && record.time?.utf8.count == 1024)
        guard
            case .failure(let error) = try OutpostRecord.read(try Self.reply([long, nil, nil, nil]), at: Self.key)
        else {
            Issue.record("It was taken.")
            return
        }
        #expect(error.message.utf8.count < 1000)
    }

    @Test("without a status is refused, whoever wrote it")
    func withoutStatus() throws {
        for (fields, writer) in [
            ([nil, "2026-01-01T00:00:00Z", nil, nil], nil), ([nil, nil, nil, nil], "migrateredis"),
        ] {
            let reply = try Self.reply(fields as [String?], writer: writer)
            let result = try OutpostRecord.read(reply, at: Self.key)
            guard case .failure(let error) = result else {
                Issue.record("A record without a status was taken.")
                continue
            }
            #expect(error.message.contains("has no status"))
        }
    }

    @Test("of another type is refused; a server that fails is no record")
    func errors() throws {
        let wrongType = try WireReply.parse("-WRONGTYPE Operation against a key\r\n")
        guard case .failure(let error) = try OutpostRecord.read(wrongType, at: Self.key) else {
            Issue.record("It was taken.")
            return
        }
        #expect(error.message.contains("is not a hash"))
        let loading = try WireReply.parse("-LOADING Redis is loading\r\n")
        #expect(throws: RedisError.self) { _ = try OutpostRecord.read(loading, at: Self.key) }
    }

    @Test("has the time as Outpost writes it", arguments: [0, 999, 1_700_000_000_123])
    func time(milliseconds: Int64) {
        let text = Timestamp(milliseconds: milliseconds).rfc3339InSeconds
        #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil, "\(text)")
    }

    /// A state, a version and a record, and whether the record is missing.
    static let missing: [(phase: Phase?, format: Int?, version: Int, record: OutpostRecord?, lacks: Bool)] = [
        (.verified, 1, 1, nil, true), (.cleaning, 1, 1, nil, true), (.cleaned, 1, 2, nil, true),
        (.cleaned, 1, 1, OutpostRecord(.applied), false), (.verified, 1, 0, nil, false), (.applied, 1, 1, nil, false),
        (nil, 1, 1, nil, false), (.cleaned, nil, 1, nil, false),
    ]

    @Test("is missing where we have verified the migration and raised the version", arguments: missing)
    func isMissing(phase: Phase?, format: Int?, version: Int, record: OutpostRecord?, lacks: Bool) throws {
        let migration = Renames()
        var states: [String: Result<MigrationState, MigrationError>] = [:]
        if let phase {
            var state = MigrationState(
                migrationName: migration.name,
                phase: phase,
                startedAt: Timestamp(milliseconds: 0)
            )
            state.format = format
            states[migration.name] = .success(state)
        }
        let snapshot = SchemaSnapshot(
            version: .success(version),
            states: states,
            approvals: [:],
            records: record.map { [migration.name: .success($0)] } ?? [:],
            lock: .free,
            pause: nil,
            server: try Self.server(),
            time: Timestamp(milliseconds: 0)
        )
        #expect(snapshot.lacksRecord(of: migration) == lacks)
    }

    private static func server() throws -> ServerInfo {
        let parser = try ReplyParser(limits: ReplyLimits())
        let text = "run_id:r\r\nmaster_replid:p\r\nrole:master\r\n"
        try Bytes("$\(text.utf8.count)\r\n\(text)\r\n").withUnsafeBytes(parser.feed)
        return try ServerInfo(replies: parser.take())
    }
}
