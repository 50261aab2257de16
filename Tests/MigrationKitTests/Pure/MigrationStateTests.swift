import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("A migration's state in Redis")
struct MigrationStateTests {
    private static let server = ServerIdentity(runID: "r1", replicationID: "p1")

    /// A state in which every field has a value.
    private static func full() -> MigrationState {
        var state = MigrationState(
            migrationName: "001_hash_tags",
            phase: .cleaning,
            startedAt: Timestamp(milliseconds: 1_700_000_000_000)
        )
        state.completedAt = "2023-11-14T22:14:00.000Z"
        state.progress.totalItems = 4
        state.progress.processedItems = 3
        state.progress.failedItems = 2
        state.progress.skippedItems = 1
        state.errors = ["one", "a/b \"c\""]
        state.metadata = ["k": .array([.null, .bool(true), .integer(-1), .number(0.5), .string("s"), .object([:])])]
        state.epoch = 9
        state.scope = Scope(kinds: ["tenant": 3, "summary": 1])
        state.ledger = LedgerShape(buckets: 5)
        state.checkpoint = Checkpoint(cursors: ["r1": "17"], processedItems: 2)
        state.verification = Verification(
            verifiedAt: Timestamp(milliseconds: 10),
            comparedPairs: 4,
            removable: 3,
            server: server
        )
        state.verification?.soakFrom = Timestamp(milliseconds: 20)
        state.held = HeldKeys()
        state.held?.add(Bytes("tenant:x"), reason: "diverged")
        state.failedPhase = "verify"
        state.server = server
        state.followedAt = Timestamp(milliseconds: 30)
        state.keptAt = Timestamp(milliseconds: 40)
        state.deletesAreUnseen = true
        state.report = WalkReport()
        return state
    }

    private static let fullText =
        #"{"checkpoint":{"cursors":{"r1":"17"},"processed_items":2},"#
        + #""completed_at":"2023-11-14T22:14:00.000Z","deletes_unseen":true,"epoch":9,"#
        + #""errors":["one","a/b \"c\""],"failed_phase":"verify","followed_at_ms":30,"format":1,"#
        + #""held":{"counts":{"diverged":1},"samples":[{"key":"tenant:x","reason":"diverged"}]},"#
        + #""kept_at_ms":40,"ledger":{"buckets":5},"metadata":{"k":[null,true,-1,0.5,"s",{}]},"#
        + #""migration_name":"001_hash_tags","phase":"cleaning","#
        + #""progress":{"failed_items":2,"processed_items":3,"skipped_items":1,"total_items":4},"#
        + #""scope":{"kinds":{"summary":1,"tenant":3}},"server":{"replication_id":"p1","run_id":"r1"},"#
        + #""started_at":"2023-11-14T22:13:20.000Z","verification":{"compared_pairs":4,"removable":3,"#
        + #""server":{"replication_id":"p1","run_id":"r1"},"soak_from_ms":20,"verified_at_ms":10}}"#

    private static func read(_ text: String) throws -> MigrationState {
        try MigrationState.read(Bytes(text), key: Bytes("the:key"), migration: "001_hash_tags")
    }

    @Test("is written with the names that other tools read, always in the same order")
    func written() throws {
        for _ in 0..<20 {
            #expect(String(decoding: try StoredDocument.encode(Self.full()), as: UTF8.self) == Self.fullText)
        }
    }

    @Test("is read as it was written, without the report, which is not stored")
    func read() throws {
        var expected = Self.full()
        expected.report = nil
        #expect(try Self.read(Self.fullText) == expected)
    }

    @Test("at its beginning leaves out what it has not")
    func least() throws {
        let state = MigrationState(migrationName: "m", phase: .planned, startedAt: Timestamp(milliseconds: 0))
        #expect(
            String(decoding: try StoredDocument.encode(state), as: UTF8.self)
                == #"{"errors":[],"format":1,"metadata":{},"migration_name":"m","phase":"planned","#
                + #""progress":{"failed_items":0,"processed_items":0,"skipped_items":0,"total_items":0},"#
                + #""started_at":"1970-01-01T00:00:00.000Z"}"#
        )
    }

    // MARK: The original tool's

    @Test("of the original tool is read, whatever it left out")
    func original() throws {
        let running = try Self.read(
            #"{"migration_name":"001_hash_tags","phase":"applied","started_at":"2024-05-01T10:00:00.123456789+02:00","#
                + #""completed_at":"2024-05-01T10:00:01.5Z","progress":{"total_items":1000,"processed_items":980,"#
                + #""failed_items":20,"skipped_items":0},"errors":["tenant:a: redis: nil"],"#
                + #""metadata":{"duration":1.25,"items":{"tenants":3},"none":null,"big":12345678901234567890}}"#
        )
        #expect(running.phase == .applied && running.format == nil)
        #expect(running.startedAt == "2024-05-01T10:00:00.123456789+02:00")
        #expect(running.progress.processedItems == 980 && running.errors == ["tenant:a: redis: nil"])
        #expect(running.metadata["items"] == .object(["tenants": .integer(3)]))
        #expect(running.metadata["none"] == .null)

        let short = try Self.read(
            #"{"migration_name":"001_hash_tags","phase":"planned","started_at":"0001-01-01T00:00:00Z","#
                + #""progress":{"total_items":0,"processed_items":0,"failed_items":0,"skipped_items":0}}"#
        )
        #expect(short.completedAt == nil && short.errors.isEmpty && short.metadata.isEmpty && short.scope == nil)

        let nulls = try Self.read(
            #"{"migration_name":"001_hash_tags","phase":"verified","completed_at":null,"errors":null,"metadata":null}"#
        )
        #expect(nulls.startedAt.isEmpty && nulls.progress == Progress())
    }

    @Test("of the original tool is believed only when it says cleaned", arguments: Phase.allCases)
    func trust(phase: Phase) throws {
        let original = try Self.read(#"{"migration_name":"001_hash_tags","phase":"\#(phase.rawValue)"}"#)
        #expect(original.trustedPhase == (phase == .cleaned ? .cleaned : .planned))
        let ours = try Self.read(#"{"migration_name":"001_hash_tags","phase":"\#(phase.rawValue)","format":1}"#)
        #expect(ours.trustedPhase == phase)
    }

    @Test("keeps what other tools store in its metadata")
    func metadata() throws {
        let text = #"{"a":[1,2.5,"x",null,true,{"b":{}}],"c":-9223372036854775808}"#
        let value = try #require(StoredDocument.decode(JSONValue.self, from: Bytes(text)))
        #expect(try StoredDocument.encode(value) == Bytes(text))
    }

    // MARK: Refusals

    struct Refused: Sendable, CustomTestStringConvertible {
        var text: String
        var why: String
        var testDescription: String { text }
    }

    @Test(
        "that cannot be understood is refused, with the key and the reason",
        arguments: [
            Refused(text: "", why: "holds no JSON"),
            Refused(text: "x", why: "holds no JSON"),
            Refused(text: "null", why: "holds no JSON"),
            Refused(text: "[]", why: "holds no JSON"),
            Refused(text: "7", why: "holds no JSON"),
            Refused(text: #"{"migration_name":"001_hash_tags","phase":"appl"#, why: "holds no JSON"),
            Refused(text: #"{"format":"1"}"#, why: "holds no JSON"),
            Refused(text: #"{"format":1.5}"#, why: "holds no JSON"),
            Refused(text: "{}", why: "not a migration's state"),
            Refused(text: #"{"migration_name":"001_hash_tags"}"#, why: "not a migration's state"),
            Refused(text: #"{"migration_name":"001_hash_tags","phase":"melted"}"#, why: "not a migration's state"),
            Refused(text: #"{"migration_name":"001_hash_tags","phase":7}"#, why: "not a migration's state"),
            Refused(
                text: #"{"migration_name":"001_hash_tags","phase":"planned","errors":"x"}"#,
                why: "not a migration's state"
            ),
            Refused(text: #"{"format":2}"#, why: "format 2"),
            Refused(text: #"{"format":2,"phase":"melted"}"#, why: "format 2"),
            Refused(text: #"{"migration_name":"001_hash_tags","phase":"planned","format":0}"#, why: "format 0"),
            Refused(text: #"{"migration_name":"001_hash_tags","phase":"planned","format":-1}"#, why: "format -1"),
            Refused(text: #"{"migration_name":"002_x","phase":"planned","format":1}"#, why: "the state of 002_x"),
            Refused(text: #"{"migration_name":"","phase":"planned","format":1}"#, why: "the state of  and"),
        ]
    )
    func refusals(_ refused: Refused) {
        let error = #expect(throws: MigrationError.self) { try Self.read(refused.text) }
        #expect(error?.code == .unreadable && error?.isRetryable == false)
        #expect(error?.message.contains("the:key") == true)
        #expect(error?.message.contains(refused.why) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("Nothing was touched") == true)
    }

    @Test("cut anywhere is refused")
    func truncated() {
        let bytes = Bytes(Self.fullText)
        for length in 0..<bytes.count {
            #expect(throws: MigrationError.self) {
                try MigrationState.read(Bytes(bytes.prefix(length)), key: [], migration: "001_hash_tags")
            }
        }
    }

    @Test("with random bytes changed is read or refused, and never stops the program")
    func damaged() {
        var generator = SplitMix64(seed: 61)
        for _ in 0..<1000 {
            var bytes = Bytes(Self.fullText)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = try? MigrationState.read(bytes, key: [], migration: "001_hash_tags")
        }
    }

    @Test("names the failed phase as the command that failed")
    func failedPhase() throws {
        let state = try Self.read(
            #"{"migration_name":"001_hash_tags","phase":"failed","format":1,"failed_phase":"verify"}"#
        )
        #expect(state.phase == .failed)
    }

    @Test("keeps count of every held key, and at most 20 samples")
    func held() {
        var held = HeldKeys()
        for index in 0..<50 { held.add(Bytes("k\(index)"), reason: index < 30 ? "a" : "b") }
        #expect(held.total == 50 && held.counts == ["a": 30, "b": 20])
        #expect(held.samples.count == 20 && held.samples.last == HeldKeys.Sample(key: "k19", reason: "a"))
    }

    @Test(
        "with numbers that are reckoned with and that no keyspace has is refused",
        arguments: [
            #""scope":{"kinds":{"a":9223372036854775807,"b":1}}"#, #""scope":{"kinds":{"a":-1}}"#,
            #""ledger":{"buckets":0}"#, #""ledger":{"buckets":-1}"#, #""ledger":{"buckets":9223372036854775807}"#,
            #""followed_at_ms":-9223372036854775808"#, #""followed_at_ms":9223372036854775807"#,
            #""epoch":-1"#, #""epoch":18446744073709551616"#,
        ]
    )
    func forged(field: String) {
        let error = #expect(throws: MigrationError.self) {
            try Self.read(#"{"migration_name":"001_hash_tags","phase":"planned","format":1,\#(field)}"#)
        }
        #expect(error?.code == .unreadable)
    }

    @Test("with counts of held keys that no keyspace has does not stop the program")
    func forgedHeld() async {
        await #expect(processExitsWith: .success) {
            let forged = Bytes(
                #"{"migration_name":"m","phase":"failed","format":1,"#
                    + #""held":{"counts":{"a":9223372036854775807,"b":1},"samples":[]}}"#
            )
            _ = try? MigrationState.read(forged, key: [], migration: "m").held?.total
        }
    }
}
