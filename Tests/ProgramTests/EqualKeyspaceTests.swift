import RedisClient
import TestSupport
import Testing

/// A keyspace as Outpost itself writes it, with everything that lies beside the records, brought to the newest version.
@Suite("A keyspace as Outpost writes it")
struct EqualKeyspaceTests {
    private static let created = "2025-03-04T05:06:07.250+02:00"
    private static let createdMilliseconds = "1741057567250"
    private static let weekAway: Int64 = 4_102_444_800_000

    private typealias Record = Snapshot.Record

    private static func hash(_ fields: [String: String], expiry: Int64 = -1) -> Record {
        Record(type: "hash", content: fields.map { "\($0)=\($1)" }.sorted(), expiry: expiry)
    }

    private static func text(_ value: String) -> Record { Record(type: "string", content: [value], expiry: -1) }

    /// What the application had written under the old names, by what it is called under the new ones.
    private static let moved:
        [(old: String, new: String, before: [String: String], after: [String: String], expiry: Int64)] = {
            let times = ["created_at": created, "updated_at": created]
            let converted = ["created_at": createdMilliseconds, "updated_at": createdMilliseconds]
            let secret = ["credentials": "\u{1}\u{7F}AES-GCM", "config": #"{"url":"https://example.test"}"#]
            func tenant(_ id: String, _ more: [String: String], _ expiry: Int64 = -1) -> (
                String, String, [String: String], [String: String], Int64
            ) {
                let before = times.merging(["id": id]) { $1 }.merging(more) { $1 }
                let after = before.merging(converted) { $1 }.merging(["entity": "tenant"]) { $1 }
                return ("tenant:\(id)", "tenant:{\(id)}:tenant", before, after, expiry)
            }
            func destination(_ id: String, _ more: [String: String], _ expiry: Int64 = -1) -> (
                String, String, [String: String], [String: String], Int64
            ) {
                let before = times.merging(["id": id, "type": "webhook"]) { $1 }.merging(secret) { $1 }.merging(more) {
                    $1
                }
                let after = before.merging(converted) { $1 }.merging(["entity": "destination"]) { $1 }
                return ("tenant:a:destination:\(id)", "tenant:{a}:destination:\(id)", before, after, expiry)
            }
            let summary = ["d1": #"{"type":"webhook"}"#, "d2": #"{"type":"webhook","disabled":true}"#]
            return [
                tenant("a", [:]), tenant("b", ["metadata": "{}"]),
                // A tombstone ends by itself a week after the delete.
                tenant("gone", ["deleted_at": "2025-04-01T00:00:00Z"], weekAway),
                destination("d1", [:]), destination("d2", ["disabled_at": "2025-03-09T00:00:00Z"]),
                destination("d3", ["deleted_at": "2025-04-01T00:00:00Z"], weekAway),
                ("tenant:a:destinations", "tenant:{a}:destinations", summary, summary, -1),
            ]
        }()

    /// What is nobody's to migrate.
    private static let beside: [[String]] = [
        ["SET", "outpostrc", "config"], ["HSET", "rsmq:queue:Q", "vt", "30"], ["ZADD", "rsmq:queue", "1", "m"],
        ["SET", "idempotency:abc", "processed"], ["SET", "alert:a:d1:failures", "3"],
        ["SET", "outpost:installation_id", "i-1"], ["SET", "outpost:log_retention_ttl", "720h"],
        ["HSET", "dp_002:tenant:x", "id", "x", "created_at", created],
        // Written by the newest application already.
        [
            "HSET", "tenant:{new}:tenant", "id", "new", "entity", "tenant", "created_at", "1741057567250", "updated_at",
            "1741057567250", "delivery_metadata", "{}",
        ],
    ]

    @Test("has the same bytes and times under the new names, and what lies beside is untouched")
    func whole() async throws {
        try await withStage(Keyspace()) { stage in
            for one in Self.moved {
                let words = one.before.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
                try await stage.send(["HSET", one.old] + words)
                if one.expiry >= 0 { try await stage.send("PEXPIREAT", one.old, String(one.expiry)) }
            }
            for command in Self.beside { try await stage.send(command) }
            var expected = try await stage.snapshot()
            for one in Self.moved {
                expected.records[one.old] = nil
                expected.records[one.new] = Self.hash(one.after, expiry: one.expiry)
            }
            let result = try await stage.run(
                ["converge", "--target", "latest"],
                with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "automatic", "MIGRATEREDIS_CLEANUP_SOAK": "0"]
            )
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.snapshot().difference(from: expected) == nil)
            #expect(try await stage.text("outpost:installation_id") == "i-1")
            #expect(try await stage.text("outpost:log_retention_ttl") == "720h")
            // Outpost's own migrators find nothing left to do: each has its record.
            for name in ["001_hash_tags", "002_timestamps", "003_entity"] {
                #expect(try await stage.send("HGET", "outpost:migration:\(name)", "status").text == "applied")
            }
        }
    }
}
