import Foundation
import RedisClient
import TestSupport
import Testing

/// The bytes of a text; a short name, since the tables below are made of it.
private func b(_ text: String) -> Bytes { Bytes(text) }

/// One keyspace with all that the original tool loses, and what the programs must make of it, written by hand.
@Suite("A keyspace of the field, to version 3 and cleaned up")
struct MustShowTests {
    typealias Record = RawKeyspace.Record

    /// Seven days from now, as soft-deleted records have them.
    private static let weekAhead = Int64(Date.now.timeIntervalSince1970 * 1000) + 7 * 86_400_000 + 321

    /// A record under its old name, and the same under its new name at version 3.
    struct Moved: Sendable {
        var old: Bytes
        var before: Record
        var new: Bytes
        var after: Record
    }

    // MARK: What there is

    /// 2026-01-02T03:04:05.678901234Z, and the same second with another offset and without a fraction.
    private static func tenant(_ id: Bytes, old: Bytes, new: Bytes) -> Moved {
        Moved(
            old: old,
            before: .hash([
                b("id"): id, b("name"): [0xC3, 0x28, 0, 13, 10], b("created_at"): b("2026-01-02T03:04:05.678901234Z"),
                b("updated_at"): b("2026-01-02T04:04:05+01:00"),
            ]),
            new: new,
            after: .hash([
                b("id"): id, b("name"): [0xC3, 0x28, 0, 13, 10], b("created_at"): b("1767323045678"),
                b("updated_at"): b("1767323045000"), b("entity"): b("tenant"),
            ])
        )
    }

    /// One year earlier, before the epoch, and so long that its hash is no compact one.
    private static func destination(_ id: Bytes, old: Bytes, new: Bytes) -> Moved {
        let config = b(String(repeating: "{\"url\":\"https://example.com\"}", count: 10))
        return Moved(
            old: old,
            before: .hash([
                b("id"): id, b("config"): config, b("created_at"): b("2025-01-02t03:04:05z"),
                b("updated_at"): b("1969-12-31T23:59:59.999Z"),
            ]),
            new: new,
            after: .hash([
                b("id"): id, b("config"): config, b("created_at"): b("1735787045000"), b("updated_at"): b("-1"),
                b("entity"): b("destination"),
            ])
        )
    }

    private static func summary(old: Bytes, new: Bytes) -> Moved {
        let record = Record.hash([b("d1"): b("{\"type\":1}"), b("created_at"): b("2026-01-02T03:04:05Z")])
        return Moved(old: old, before: record, new: new, after: record)
    }

    /// A soft-deleted destination: its tenant's summary does not list it, and it goes by itself in a week.
    private static let softDeleted = Moved(
        old: b("tenant:acme:destination:d4"),
        before: .hash(
            [b("id"): b("d4"), b("deleted_at"): b("2026-01-02T03:04:05.5Z"), b("created_at"): b("1767323045678")],
            expiry: weekAhead
        ),
        new: b("tenant:{acme}:destination:d4"),
        after: .hash(
            [
                b("id"): b("d4"), b("deleted_at"): b("2026-01-02T03:04:05.5Z"), b("created_at"): b("1767323045678"),
                b("entity"): b("destination"),
            ],
            expiry: weekAhead
        )
    )

    /// A soft-deleted tenant without anything else.
    private static let softDeletedTenant = Moved(
        old: b("tenant:gone"),
        before: .hash([b("id"): b("gone"), b("deleted_at"): b("2026-01-02T03:04:05Z")], expiry: weekAhead + 7),
        new: b("tenant:{gone}:tenant"),
        after: .hash(
            [b("id"): b("gone"), b("deleted_at"): b("2026-01-02T03:04:05Z"), b("entity"): b("tenant")],
            expiry: weekAhead + 7
        )
    )

    /// A record that the application has given its entity already, and no times.
    private static let halfNew = Moved(
        old: b("tenant:acme:destination:d:2"),
        before: .hash([b("id"): b("d:2"), b("entity"): b("webhook")]),
        new: b("tenant:{acme}:destination:d:2"),
        after: .hash([b("id"): b("d:2"), b("entity"): b("webhook")])
    )

    private static let invalid: Bytes = [0xFF, 0xFE, 0x80]
    private static let control: Bytes = [97, 0, 98, 13, 10]

    /// The old and the new prefix of a tenant's names, id by id.
    private static let tenants: [(id: Bytes, old: Bytes, new: Bytes)] = [
        (b("acme"), b("tenant:acme"), b("tenant:{acme}")),
        (b("eu:west"), b("tenant:eu:west"), b("tenant:{eu:west}")),
        (b(""), b("tenant:"), b("tenant:{}")),
        (b("a b"), b("tenant:a b"), b("tenant:{a b}")),
        (b(#"a*?[x]\"#), b(#"tenant:a*?[x]\"#), b(#"tenant:{a*?[x]\}"#)),
        (b("a{b"), b("tenant:a{b"), b("tenant:{a{b}")),
        (b("a}b"), b("tenant:a}b"), b("tenant:{a}b}")),
        (b("{c}"), b("tenant:{c}"), b("tenant:{{c}}")),
        (invalid, b("tenant:") + invalid, b("tenant:{") + invalid + b("}")),
        (control, b("tenant:") + control, b("tenant:{") + control + b("}")),
    ]

    /// 11 tenants, 11 summaries, 15 destinations.
    private static var moved: [Moved] {
        var moved = [softDeleted, softDeletedTenant, halfNew]
        for (id, old, new) in tenants {
            moved.append(tenant(id, old: old, new: new + b(":tenant")))
            moved.append(summary(old: old + b(":destinations"), new: new + b(":destinations")))
            moved.append(destination(b("d1"), old: old + b(":destination:d1"), new: new + b(":destination:d1")))
        }
        moved += [
            // Not in the summary.
            destination(b("d3"), old: b("tenant:acme:destination:d3"), new: b("tenant:{acme}:destination:d3")),
            destination(b(""), old: b("tenant::destination:"), new: b("tenant:{}:destination:")),
            // No tenant.
            summary(old: b("tenant:ghost:destinations"), new: b("tenant:{ghost}:destinations")),
            destination(b("d1"), old: b("tenant:ghost:destination:d1"), new: b("tenant:{ghost}:destination:d1")),
        ]
        return moved
    }

    /// 13 keys that are nobody's business.
    private static let unrelated: [[Bytes]] = [
        [b("HSET"), b("tenant:foo:bar"), b("kind"), b("something else"), b("created_at"), b("2026-01-02T03:04:05Z")],
        [b("SET"), b("tenant:text"), b("a string")],
        [b("SET"), b("tenant:acme:destination:str"), b("a string"), b("PXAT"), b(String(weekAhead))],
        [b("RPUSH"), b("tenant:list:destinations"), b("x"), b("y"), b("x")],
        [b("HSET"), b("tenants:acme"), b("id"), b("acme")],
        [b("SET"), b("tenant"), b("")],
        [b("HSET"), b("outpost:other"), b("created_at"), b("2026-01-02T03:04:05Z")],
        [b("SET"), b("session:1"), [0, 255], b("PXAT"), b(String(weekAhead + 1))],
        [b("RPUSH"), b("queue"), b("a"), b("b"), b("a")],
        [b("SADD"), b("seen"), b("1"), b("x")],
        [b("ZADD"), b("rank"), b("1.5"), b("x"), b("-inf"), b("y")],
        [b("XADD"), b("log"), b("1-1"), b("f"), b("v")],
        [b("SET"), [0xFF], b("a name that is no text")],
    ]

    // MARK: The first keyspace: everything moves

    @Test("every key is right in name, type, content and expiry to the millisecond, and is accounted for")
    func everything() async throws {
        try await withStage(Keyspace()) { stage in
            try await Self.load(Self.moved, Self.unrelated, into: stage)
            let strangers = try await Self.look(at: stage).records.filter { name, _ in
                !Self.moved.contains { $0.old == name }
            }
            #expect(strangers.count == 13 && Self.moved.count == 37)

            let plan = try await stage.run("-migration", "001_hash_tags", "plan")
            #expect(plan.exitStatus == 0, "\(plan)")
            #expect(
                Self.rows(of: plan.standardOutput) == [
                    "destination": [15, 15, 0, 0], "summary": [11, 11, 0, 0], "tenant": [11, 11, 0, 0],
                ]
            )
            #expect(plan.standardOutput.contains("\n13 keys are unrelated"), "\(plan)")

            let socket = try NotifySocket()
            let variables = ["MIGRATEREDIS_SCHEMA_TARGET": "3", "MIGRATEREDIS_CLEANUP_APPROVAL": "required"]
            let daemon = try await stage.daemon(variables.merging(socket.variables) { $1 })
            try await daemon.waitForLine("converged", "reason=CleanupPending")
            try await Self.checkBesides(stage, strangers)
            let approve = try await stage.run("approve", "001_hash_tags", "cleanup")
            #expect(approve.exitStatus == 0 && approve.standardOutput.contains("37 keys"), "\(approve)")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))

            var expected = RawKeyspace(records: strangers)
            for one in Self.moved { expected.records[one.new] = one.after }
            try await Self.compare(stage, with: expected)
            #expect(try await Self.ownNames(of: stage) == Self.bookkeeping)
            #expect(try await stage.text("outpost:schema:version") == "3")
            try await Self.checkEnd(stage)

            let changes = try await stage.changes()
            let again = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(again.exitStatus == 0, "\(again)")
            #expect(try await stage.changes() == changes)
        }
    }

    /// At version 3 and before cleanup: old and new names side by side, all counted.
    private static func checkBesides(_ stage: Stage, _ strangers: [Bytes: Record]) async throws {
        var expected = RawKeyspace(records: strangers)
        for one in moved {
            expected.records[one.old] = one.before
            expected.records[one.new] = one.after
        }
        try await compare(stage, with: expected)
        let status = try await migrations(stage)
        let progress = try #require(status.map { $0["progress"] as? [String: Int] }.first)
        #expect(progress?["total_items"] == 37 && progress?["failed_items"] == 0)
        #expect(status.allSatisfy { $0["held"] == nil && $0["phase"] as? String == "verified" })
        let verifications = status.map { $0["verification"] as? [String: Any] }
        #expect(verifications.map { $0?["compared_pairs"] as? Int } == [37, 26, 26])
        #expect(verifications.map { $0?["removable"] as? Int } == [37, 0, 0])
    }

    private static func checkEnd(_ stage: Stage) async throws {
        for migration in try await migrations(stage) {
            #expect(migration["phase"] as? String == "cleaned")
            #expect(migration["held"] == nil && (migration["errors"] as? [String])?.isEmpty == true)
        }
        let history = try await stage.send("XRANGE", "outpost:migration:history", "-", "+").elements.map { entry in
            Array(entry.elements).last?.elements.compactMap(\.text).joined(separator: " ") ?? ""
        }
        #expect(history.filter { $0.hasPrefix("event versionRaised") }.count == 3)
        #expect(history.filter { $0.hasPrefix("event approved") }.count == 1)
    }

    // MARK: The second keyspace: what must be held back

    /// Two old names with one new name, a summary that may be old or new, and a new name that somebody else wrote.
    private static let colliding = [
        tenant(b("a}:destination:b"), old: b("tenant:a}:destination:b"), new: b("tenant:{a}:destination:b}:tenant")),
        destination(
            b("b}:tenant"),
            old: b("tenant:a:destination:b}:tenant"),
            new: b("tenant:{a}:destination:b}:tenant")
        ),
    ]
    private static let ambiguous = summary(old: b("tenant:{x}:destinations"), new: b("tenant:{{x}}:destinations"))
    private static let overtaken = tenant(b("f"), old: b("tenant:f"), new: b("tenant:{f}:tenant"))
    private static let foreign = Record.hash([b("id"): b("f"), b("name"): b("somebody else's")])
    private static let free = [
        tenant(b("a"), old: b("tenant:a"), new: b("tenant:{a}:tenant")),
        summary(old: b("tenant:a:destinations"), new: b("tenant:{a}:destinations")),
        destination(b("d1"), old: b("tenant:a:destination:d1"), new: b("tenant:{a}:destination:d1")),
    ]

    @Test(
        "what only a person can settle is held, counted and named, and the rest goes on; settled, all is right",
        arguments: [true, false]
    )
    func heldBack(takesAwayTheHeldOne: Bool) async throws {
        try await withStage(Keyspace()) { stage in
            let all = Self.colliding + [Self.ambiguous, Self.overtaken] + Self.free
            try await Self.load(all, [], into: stage)
            try await stage.send("HSET", "tenant:{f}:tenant", "id", "f", "name", "somebody else's")

            let plan = try await stage.run("-migration", "001_hash_tags", "plan")
            #expect(plan.exitStatus == 1, "\(plan)")
            let rows = Self.rows(of: plan.standardOutput)
            #expect(rows["summary"] == [1, 1, 0, 0] && rows["tenant"]?[0] == 3 && rows["destination"]?[0] == 2)
            #expect(rows.values.reduce(0) { $0 + $1[3] } == 2)
            for text in ["  ambiguous  1\n", "  collision  1\n", "  foreign  1\n", "\n0 keys are unrelated"] {
                #expect(plan.standardOutput.contains(text), "\(text): \(plan)")
            }

            let stalled = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(stalled.exitStatus == 1 && stalled.standardError.contains("ConflictsFound"), "\(stalled)")
            #expect(try await stage.text("outpost:schema:version") == nil)
            let held = try #require(try await Self.migrations(stage)[0]["held"] as? [String: Any])
            #expect(held["counts"] as? [String: Int] == ["ambiguous": 1, "collision": 1, "foreign": 1])
            let samples = try #require(held["samples"] as? [[String: String]]).compactMap { $0["key"] }
            // Of two old names with one new name the first one found is copied, and the other one held.
            let second = try #require(
                Self.colliding.first { samples.contains(String(decoding: $0.old, as: UTF8.self)) }
            )
            let first = try #require(Self.colliding.first { $0.old != second.old })
            #expect(
                Set(samples) == ["tenant:{x}:destinations", "tenant:f", String(decoding: second.old, as: UTF8.self)]
            )
            var expected = RawKeyspace(records: [b("tenant:{f}:tenant"): Self.foreign])
            for one in all { expected.records[one.old] = one.before }
            // Copied, and not rewritten yet: that is for later versions.
            for one in Self.free + [first] { expected.records[one.new] = one.before }
            try await Self.compare(stage, with: expected)

            // A person takes one of the two records away, says whose the summary is, and removes what was in the way.
            let (away, stays) = takesAwayTheHeldOne ? (second, first) : (first, second)
            try await stage.send("UNLINK", String(decoding: away.old, as: UTF8.self))
            try await stage.send("HSET", "tenant:{x}", "id", "{x}")
            try await stage.send("UNLINK", "tenant:{f}:tenant")
            let end = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
            #expect(end.exitStatus == 0, "\(end)")
            expected = RawKeyspace()
            for one in Self.free + [stays, Self.ambiguous, Self.overtaken] { expected.records[one.new] = one.after }
            expected.records[b("tenant:{{x}}:tenant")] = .hash([b("id"): b("{x}"), b("entity"): b("tenant")])
            try await Self.compare(stage, with: expected)
            #expect(try await Self.ownNames(of: stage) == Self.bookkeeping)
        }
    }

    // MARK: Looking

    /// What is left of the programs' own keys when all is done.
    private static let bookkeeping: Set<Bytes> = [
        b("outpost:schema:version"), b("outpost:migration:epoch"), b("outpost:migration:history"),
        b("outpost:migration:001_hash_tags:state"), b("outpost:migration:002_timestamps:state"),
        b("outpost:migration:003_entity:state"), b("outpost:migration:001_hash_tags"),
        b("outpost:migration:002_timestamps"), b("outpost:migration:003_entity"),
    ]

    private static func isOurs(_ name: Bytes) -> Bool {
        name.starts(with: b("outpost:migration:")) || name == b("outpost:schema:version")
    }

    private static func compare(
        _ stage: Stage,
        with expected: RawKeyspace,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        guard let difference = try await look(at: stage).difference(from: expected) else { return }
        Issue.record("\(difference)", sourceLocation: location)
    }

    private static func look(at stage: Stage) async throws -> RawKeyspace {
        try await stage.withConnection { try await RawKeyspace.read(from: $0, without: isOurs) }
    }

    private static func ownNames(of stage: Stage) async throws -> Set<Bytes> {
        try await stage.withConnection { try await RawKeyspace.names(on: $0) }.filter(isOurs)
    }

    private static func migrations(_ stage: Stage) async throws -> [[String: Any]] {
        let result = try await stage.run("status", "--output", "json", with: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
        #expect(result.exitStatus == 0, "\(result)")
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
        return try #require((object as? [String: Any])?["migrations"] as? [[String: Any]])
    }

    /// Kind by kind what `plan` counts: keys, to write, done, held.
    private static func rows(of plan: String) -> [String: [Int]] {
        let kinds = ["tenant", "summary", "destination"]
        let words = plan.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let rows = words.filter { $0.count == 5 && kinds.contains($0[0]) }
        return Dictionary(rows.map { ($0[0], $0.dropFirst().compactMap { Int($0) }) }) { first, _ in first }
    }

    private static func load(_ moved: [Moved], _ others: [[Bytes]], into stage: Stage) async throws {
        var commands = CommandBuffer()
        for one in moved {
            commands.append("HSET", [one.old] + one.before.content)
            if one.before.expiry >= 0 { commands.append("PEXPIREAT", one.old, b(String(one.before.expiry))) }
        }
        for words in others { try append(words, to: &commands) }
        try await stage.withConnection { _ = try await $0.pipeline(commands).unlessError() }
    }

    /// One command, its name among the words.
    private static func append(_ words: [Bytes], to commands: inout CommandBuffer) throws {
        let rest = Array(words.dropFirst())
        switch String(decoding: words[0], as: UTF8.self) {
        case "HSET": commands.append("HSET", rest)
        case "SET": commands.append("SET", rest)
        case "RPUSH": commands.append("RPUSH", rest)
        case "SADD": commands.append("SADD", rest)
        case "ZADD": commands.append("ZADD", rest)
        case "XADD": commands.append("XADD", rest)
        default: throw TestSupportError("No such command here.")
        }
    }
}
