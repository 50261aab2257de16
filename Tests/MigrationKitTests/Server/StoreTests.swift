import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// What the programs keep in Redis besides the data.
@Suite("The schema store")
struct StoreTests {
    @Test(
        "raises the version from n − 1 only",
        arguments: [
            (nil, 1, true), ("0", 1, true), ("1", 2, true), ("1", 1, false), ("2", 1, false), ("0", 2, false),
            (nil, 2, false),
        ]
    )
    func raises(current: String?, to version: Int, isRaised: Bool) async throws {
        try await withBench { bench in
            if let current { try await bench.send("SET outpost:schema:version \(current)") }
            let result = try await bench.withLease { lease in
                try await bench.store.raiseVersion(
                    to: version,
                    by: "test",
                    recording: OutpostRecord(.applied),
                    under: lease,
                    on: bench.connection
                )
            }
            #expect(result == isRaised)
            let after = try await bench.version()
            #expect(after == (isRaised ? version : current.flatMap { Int($0) } ?? 0))
            let history = try await bench.send("XLEN outpost:migration:history").integer
            #expect(history == (isRaised ? 1 : 0))
        }
    }

    @Test("does not raise a version that changes meanwhile")
    func raisesByComparison() async throws {
        try await withBench { bench in
            let client = try PlainClient(bench.server)
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("EXEC") { client.send("SET outpost:schema:version 5") }
            }
            let connection = try await bench.connect(through: proxy)
            let isRaised = try await bench.withLease { lease in
                try await bench.store.raiseVersion(
                    to: 1,
                    by: "test",
                    recording: OutpostRecord(.applied),
                    under: lease,
                    on: connection
                )
            }
            #expect(!isRaised)
            let version = try await bench.version()
            #expect(version == 5)
        }
    }

    @Test("raises the version and writes Outpost's record in one transaction, or neither")
    func raisesWithRecord() async throws {
        try await withBench { bench in
            let words = Mutex<[[Bytes]]>([])
            let proxy = try CommandProxy(bench.server) { _, command in words.withLock { $0.append(command) } }
            let connection = try await bench.connect(through: proxy)
            let record = OutpostRecord(.applied, at: "2026-01-01T00:00:00Z")
            let isRaised = try await bench.withLease { lease in
                try await bench.store.raiseVersion(
                    to: 1,
                    by: "m1",
                    recording: record,
                    under: lease,
                    on: connection
                )
            }
            #expect(isRaised)
            let stored = try await bench.send("HGETALL outpost:migration:m1").elements.compactMap(\.text)
            #expect(
                stored == ["written_by", "migrateredis", "status", "applied", "applied_at", "2026-01-01T00:00:00Z"]
            )
            let names = words.withLock { $0.map { String(decoding: $0[0], as: UTF8.self) } }
            let multi = try #require(names.lastIndex(of: "MULTI"))
            #expect(Array(names[multi...].prefix(6)) == ["MULTI", "SET", "HSETNX", "HSETNX", "HSETNX", "XADD"])
        }
    }

    @Test("does not raise the version over a key that is no record", arguments: ["SET", "LPUSH"])
    func raisesOverNoOtherKey(command: String) async throws {
        try await withBench { bench in
            try await bench.send("\(command) outpost:migration:m1 x")
            let code = await migrationError {
                _ = try await bench.withLease { lease in
                    try await bench.store.raiseVersion(
                        to: 1,
                        by: "m1",
                        recording: OutpostRecord(.applied),
                        under: lease,
                        on: bench.connection
                    )
                }
            }
            #expect(code == .unreadable)
            let version = try await bench.version()
            #expect(version == 0)
        }
    }

    @Test("takes a record back, for whoever lowers the version")
    func takesRecordBack() async throws {
        try await withBench { bench in
            try await bench.withLease { lease in
                let record = OutpostRecord(.notApplicable("no"), at: "2026-01-01T00:00:00Z")
                let store = bench.store
                let isNew = try await store.keepRecord(record, of: "m1", under: lease, on: bench.connection)
                let isNewAgain = try await store.keepRecord(record, of: "m1", under: lease, on: bench.connection)
                #expect(isNew && !isNewAgain)
                let fields = try await bench.send("HGETALL outpost:migration:m1").elements.compactMap(\.text)
                #expect(
                    fields == [
                        "written_by", "migrateredis", "status", "not_applicable", "checked_at", "2026-01-01T00:00:00Z",
                        "reason", "no",
                    ]
                )
                try await store.takeBackRecord(of: "m1", under: lease, on: bench.connection)
            }
            let left = try await bench.send("EXISTS outpost:migration:m1").integer
            #expect(left == 0)
        }
    }

    @Test("refuses a version that is no number, and touches nothing", arguments: ["", "x", "-1", "1.0", "+1"])
    func unreadableVersion(text: String) async throws {
        try await withBench { bench in
            _ = try await bench.connection.send("SET", bench.names.version, Bytes(text))
            try await bench.addTenants(0..<3)
            let data = try await bench.data()
            let writes = try await bench.writes()
            let code = await migrationError {
                _ = try await bench.runner().plan(bench.migration)
            }
            #expect(code == .unreadable)
            let after = try await bench.writes()
            #expect(after == writes)
            let again = try await bench.data()
            #expect(again == data)
        }
    }

    @Test("refuses a version of another type")
    func versionOfAnotherType() async throws {
        try await withBench { bench in
            try await bench.send("LPUSH outpost:schema:version 1")
            let version = try await bench.snapshot().version
            #expect(throws: MigrationError.self) { try version.get() }
        }
    }

    @Test(
        "refuses a state that cannot be read, in every phase, and touches no data",
        arguments: [
            "", "{", "[]", "null", "7", #"{"format":2,"migration_name":"001_hash_tags","phase":"applied"}"#,
            #"{"format":0,"migration_name":"001_hash_tags","phase":"applied"}"#,
            #"{"format":1,"migration_name":"002_other","phase":"applied"}"#,
            #"{"format":1,"migration_name":"001_hash_tags","phase":"finished"}"#,
            #"{"format":1,"phase":"applied"}"#,
            #"{"format":1,"migration_name":"001_hash_tags","phase":"applied","progress":"all"}"#,
        ]
    )
    func unreadableState(json: String) async throws {
        try await withBench { bench in
            let key = bench.names.state(of: bench.migration.name)
            _ = try await bench.connection.send("SET", key, Bytes(json))
            try await bench.send("SET outpost:schema:version 1")
            try await bench.addTenants(0..<3)
            let data = try await bench.data()
            for phase in ["plan", "apply", "verify", "cleanup"] {
                let code = await migrationError {
                    switch phase {
                    case "plan": _ = try await bench.runner().plan(bench.migration)
                    case "apply":
                        try await bench.withLease {
                            _ = try await bench.runner().apply(bench.migration, under: $0)
                        }
                    case "verify": _ = try await bench.verify()
                    default: _ = try await bench.cleanup()
                    }
                }
                #expect(code == .unreadable, "\(phase)")
            }
            let after = try await bench.data()
            #expect(after == data)
            let state = try await bench.connection.send("GET", key).bytes
            #expect(state == Bytes(json))
        }
    }

    @Test(
        "a forged state ends in a refusal and not in a crash",
        arguments: [
            #""ledger":{"buckets":0}"#, #""ledger":{"buckets":-5}"#, #""ledger":{"buckets":9223372036854775807}"#,
            #""scope":{"kinds":{"a":9223372036854775807,"b":9223372036854775807}}"#,
            #""scope":{"kinds":{"a":-9223372036854775808,"b":-1}}"#,
            #""followed_at_ms":-9223372036854775808"#, #""followed_at_ms":9223372036854775807"#,
        ]
    )
    func forgedState(field: String) async throws {
        await #expect(processExitsWith: .success) { [field] in
            try await withBench { bench in
                let ledger = field.contains("ledger") ? "" : #","ledger":{"buckets":1}"#
                let scope = field.contains("scope") ? "" : #","scope":{"kinds":{"tenant":3}}"#
                let json = """
                    {"format":1,"migration_name":"001_hash_tags","phase":"verified","started_at":"","errors":[],\
                    \(field)\(ledger)\(scope)}
                    """
                try await bench.addTenants(0..<3)
                _ = try await bench.connection.send("SET", bench.names.state(of: bench.migration.name), Bytes(json))
                for version in ["0", "1"] {
                    try await bench.send("SET outpost:schema:version \(version)")
                    _ = await migrationError { _ = try await bench.runner().plan(bench.migration) }
                    _ = await migrationError { _ = try await bench.verify() }
                    _ = await migrationError { _ = try await bench.cleanup() }
                }
                let count = try await bench.count("tenant:t*")
                guard count == 3 else { throw TestSupportError("Sources are gone.") }
            }
        }
    }

    @Test("the original tool's state is read, and only `cleaned` is believed", arguments: Phase.allCases)
    func originalState(phase: Phase) async throws {
        try await withBench { bench in
            let json = #"{"migration_name":"001_hash_tags","phase":"\#(phase.rawValue)","metadata":{"by":"other"}}"#
            let key = bench.names.state(of: bench.migration.name)
            _ = try await bench.connection.send("SET", key, Bytes(json))
            let state = try #require(try await bench.state())
            #expect(state.trustedPhase == (phase == .cleaned ? .cleaned : .planned))
            #expect(state.metadata == ["by": .string("other")])
        }
    }

    @Test("writes no state under an epoch that was lost")
    func lostEpoch() async throws {
        try await withBench { bench in
            let code = await migrationError {
                try await bench.withLease { lease in
                    try await bench.send("SET outpost:migration:epoch 9:another")
                    let state = MigrationState(migrationName: bench.migration.name, phase: .applied, startedAt: .now)
                    try await bench.store.save(state, previous: nil, under: lease, on: bench.connection)
                }
            }
            #expect(code == .fenced)
            let state = try await bench.state()
            #expect(state == nil)
            let history = try await bench.send("XLEN outpost:migration:history").integer
            #expect(history == 0)
        }
    }

    @Test("keeps what was saved, to the last field")
    func roundTrip() async throws {
        try await withBench { bench in
            var state = MigrationState(migrationName: bench.migration.name, phase: .applying, startedAt: .now)
            state.metadata = ["other": .object(["list": .array([.integer(1), .null, .bool(true), .number(1.5)])])]
            state.scope = Scope(kinds: ["tenant": 3])
            state.ledger = LedgerShape(buckets: 7)
            state.checkpoint = Checkpoint(cursors: ["r": "12"], processedItems: 3)
            state.errors = ["one", "two"]
            state.failedPhase = "verify"
            let saved = state
            try await bench.withLease { lease in
                try await bench.store.save(saved, previous: .planned, under: lease, on: bench.connection)
                state.epoch = lease.epoch.number
            }
            let read = try await bench.state()
            #expect(read == state)
            let life = try await bench.connection.send("PTTL", bench.names.state(of: bench.migration.name)).integer
            #expect(life == -1)
        }
    }

    @Test("history holds about a thousand entries")
    func historyIsCapped() async throws {
        try await withBench { bench in
            try await bench.withLease { lease in
                for number in 0..<1300 {
                    let state = MigrationState(migrationName: bench.migration.name, phase: .applying, startedAt: .now)
                    let previous: Phase = number.isMultiple(of: 2) ? .planned : .applied
                    try await bench.store.save(state, previous: previous, under: lease, on: bench.connection)
                }
            }
            let length = try await bench.send("XLEN outpost:migration:history").integer ?? 0
            #expect((1000...1200).contains(length))
        }
    }

    @Test("an approval is written, and seen, while another holds the lock")
    func approvalWithoutLock() async throws {
        try await withBench { bench in
            let other = try await bench.connect()
            try await bench.withLease { lease in
                let approval = Approval(
                    migration: bench.migration.name,
                    phase: .cleanup,
                    scope: Scope(kinds: ["tenant": 3]),
                    by: "anna@desk",
                    at: Timestamp.now.rfc3339,
                    reason: "now"
                )
                try await bench.store.approve(approval, on: other)
                let snapshot = try await bench.snapshot()
                #expect(snapshot.approvals == [bench.migration.name: approval])
                #expect(snapshot.lock.bytes == lease.recordBytes)
                try await bench.store.useUpApproval(of: bench.migration.name, under: lease, on: bench.connection)
            }
            let left = try await bench.snapshot().approvals
            #expect(left.isEmpty)
        }
    }

    @Test("looks in one round trip once all versions are raised, and writes nothing")
    func snapshotIsOnePipeline() async throws {
        try await withBench { bench in
            try await bench.send("SET outpost:schema:version 1")
            let proxy = try CommandProxy(bench.server)
            let connection = try await bench.connect(through: proxy)
            let greeting = proxy.commandCount
            let writes = try await bench.writes()
            _ = try await bench.store.snapshot(of: [bench.migration.name], on: connection)
            #expect(proxy.longestPipeline == proxy.commandCount - greeting)
            let after = try await bench.writes()
            #expect(after == writes)
        }
    }

    @Test("the history tells of the highest version that was raised to, behind however many entries")
    func raisedBefore() async throws {
        try await withBench { bench in
            let raised = { try await bench.snapshot().raisedBefore }
            #expect(try await raised() == nil)
            for version in 1...2 {
                try await bench.send("XADD outpost:migration:history * event versionRaised schema_version \(version)")
            }
            for _ in 0..<250 { try await bench.send("XADD outpost:migration:history * event paused by me") }
            #expect(try await raised() == 2)
            try await bench.send("SET outpost:schema:version 2")
            #expect(try await raised() == nil)
        }
    }

    @Test(
        "a pause is one even where nobody can read it",
        arguments: ["SET outpost:migration:pause x", "LPUSH outpost:migration:pause x"]
    )
    func unreadablePause(command: String) async throws {
        try await withBench { bench in
            try await bench.send(command)
            let pause = try await bench.snapshot().pause
            #expect(pause != nil)
        }
    }

    @Test("with a deployment id all names are other ones")
    func deploymentID() async throws {
        try await withBench { bench in
            try await bench.send("SET outpost:schema:version 7")
            let store = SchemaStore(names: KeyNames(deploymentID: "blue"))
            let version = try await store.snapshot(of: [], on: bench.connection).version.get()
            #expect(version == 0)
        }
    }
}
