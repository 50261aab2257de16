import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// One phase after the other, and what each refuses.
@Suite("The phases")
struct PhaseTests {
    @Test("run in order from plan to cleaned, and leave the new keys alone")
    func inOrder() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<10)
            try await bench.send("PEXPIREAT tenant:t3 4102444800123")
            try await bench.send("HSET tenant:t1:destinations d1 x")
            try await bench.send("HSET tenant:t1:destination:d1 id d1 type webhook")
            let before = try await bench.data()

            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.scope.kinds == ["tenant": 10, "summary": 1, "destination": 1])
            #expect(!plan.hasConflicts)
            let planned = try await bench.state()
            #expect(planned == nil)

            let applied = try await bench.apply()
            #expect(applied.phase == .applied)
            let version = try await bench.version()
            #expect(version == 0)

            let result = try await bench.verify()
            #expect(result.problems == [])
            let raised = try await bench.version()
            #expect(raised == 1)

            let cleaned = try await bench.cleanup()
            #expect(cleaned.removed == 12)
            #expect(cleaned.held.total == 0)
            let state = try await bench.state()
            #expect(state?.phase == .cleaned)
            let after = try await bench.data()
            let expected = before.map { key, value in
                let parts = key.split(separator: ":", maxSplits: 2)
                return ("tenant:{\(parts[1])}:" + (parts.count == 3 ? "\(parts[2])" : "tenant"), value)
            }
            #expect(after == Dictionary(uniqueKeysWithValues: expected))
            let own = try await bench.count("outpost:*")
            #expect(own == 5, "version, state, epoch, history and Outpost's record")
        }
    }

    @Test("a verify that is told to stop behind its last batch does not raise the version, and goes on when run again")
    func stoppedBeforeRaise() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            try await bench.apply()
            let names = Set(try await bench.data().keys)
            let verified = Mutex(false)
            let code = await migrationError {
                try await bench.withLease { lease in
                    let runner = bench.runner(shouldStop: { verified.withLock { $0 } })
                    _ = try await runner.verify(
                        Watched(bench.migration) { verified.withLock { $0 = true } },
                        under: lease
                    )
                }
            }
            #expect(code == .interrupted)
            let version = try await bench.version()
            #expect(version == 0)
            let state = try await bench.state()
            #expect(state?.phase == .verified)
            let again = try await bench.verify()
            #expect(again.isValid)
            let raised = try await bench.version()
            #expect(raised == 1)
            #expect(Set(try await bench.data().keys) == names)
        }
    }

    /// A phase asked for where the migration does not stand.
    struct Refusal: Sendable, CustomTestStringConvertible {
        var setup: String
        var phase: String
        var testDescription: String { "\(phase) \(setup)" }
    }

    @Test(
        "are refused out of order, and nothing is touched",
        arguments: [
            Refusal(setup: "on a clean keyspace", phase: "verify"),
            Refusal(setup: "on a clean keyspace", phase: "cleanup"),
            Refusal(setup: "applied", phase: "cleanup"),
            Refusal(setup: "verified, version set back", phase: "cleanup"),
            Refusal(setup: "version raised by hand", phase: "cleanup"),
            Refusal(setup: "cleaned", phase: "cleanup"),
            Refusal(setup: "cleaned", phase: "verify"),
            Refusal(setup: "cleaned", phase: "apply"),
            Refusal(setup: "planned", phase: "verify"),
            Refusal(setup: "interrupted", phase: "verify"),
        ]
    )
    func refusals(refusal: Refusal) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            try await prepare(bench, refusal.setup)
            let data = try await bench.data()
            let state = try await bench.state()
            let code = await migrationError {
                switch refusal.phase {
                case "apply":
                    _ = try await bench.withLease { try await bench.runner().apply(bench.migration, under: $0) }
                case "verify": _ = try await bench.verify()
                default: _ = try await bench.cleanup()
                }
            }
            #expect(code == (refusal.setup == "verified, version set back" ? .versionRegressed : .wrongPhase))
            let after = try await bench.data()
            #expect(after == data)
            let same = try await bench.state()
            #expect(same == state)
        }
    }

    private func prepare(_ bench: Bench, _ setup: String) async throws {
        switch setup {
        case "applied":
            try await bench.apply()
        case "verified, version set back":
            try await bench.apply()
            _ = try await bench.verify()
            try await bench.send("SET outpost:schema:version 0")
        case "version raised by hand":
            try await bench.apply()
            try await bench.send("SET outpost:schema:version 1")
        case "cleaned":
            try await bench.apply()
            _ = try await bench.verify()
            _ = try await bench.cleanup()
            try await bench.addTenants(7..<9)
        case "planned":
            try await bench.withLease { lease in
                _ = try await bench.runner().record(
                    try await bench.runner().plan(bench.migration),
                    of: bench.migration,
                    under: lease
                )
            }
        case "interrupted":
            _ = await migrationError {
                try await bench.withLease { lease in
                    _ = try await bench.runner(shouldStop: { true }).apply(bench.migration, under: lease)
                }
            }
        default:
            break
        }
    }

    @Test("apply needs the version just below")
    func applyNeedsVersion() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2)
            let migration = LaterMigration(inner: bench.migration)
            let code = await migrationError {
                try await bench.withLease { _ = try await bench.runner().apply(migration, under: $0) }
            }
            #expect(code == .wrongPhase)
            let keys = try await bench.count("tenant:{*")
            #expect(keys == 0)
        }
    }

    @Test("a verify with conflicts fails the migration, and one that only found much to copy sends it back to apply")
    func invalidVerify() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<30)
            try await bench.apply()
            try await bench.addTenants(30..<60)
            let much = try await bench.verify()
            #expect(!much.isValid && !much.hasConflicts)
            var state = try await bench.state()
            #expect(state?.phase == .applying)

            try await bench.apply()
            try await bench.send("HSET tenant:{t70}:tenant id t70 name theirs")
            try await bench.send("HSET tenant:t70 id t70 name ours")
            let conflict = try await bench.verify()
            #expect(conflict.hasConflicts)
            state = try await bench.state()
            #expect(state?.phase == .failed)
            #expect(state?.failedPhase == "verify")
            #expect(state?.held?.samples == [HeldKeys.Sample(key: "tenant:t70", reason: "foreign")])
            let version = try await bench.version()
            #expect(version == 0)

            try await bench.send("DEL tenant:{t70}:tenant")
            try await bench.apply()
            let valid = try await bench.verify()
            #expect(valid.isValid)
            let raised = try await bench.version()
            #expect(raised == 1)
        }
    }

    @Test("an apply that is stopped keeps a checkpoint, goes on from there, and copies everything once")
    func checkpoint() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1500)
            let client = try PlainClient(bench.server)
            try await bench.send("CONFIG RESETSTAT")
            let code = await migrationError {
                try await bench.withLease { lease in
                    let runner = bench.runner(shouldStop: {
                        (client.send("DBSIZE").split(whereSeparator: \.isNewline).first?.dropFirst())
                            .flatMap { Int($0) } ?? 0 > 2400
                    })
                    _ = try await runner.record(
                        try await bench.runner().plan(bench.migration),
                        of: bench.migration,
                        under: lease
                    )
                    _ = try await runner.apply(bench.migration, under: lease)
                }
            }
            #expect(code == .interrupted)
            let state = try #require(try await bench.state())
            #expect(state.phase == .applying)
            let checkpoint = try #require(state.checkpoint)
            #expect(checkpoint.cursors.values.allSatisfy { $0 != "0" })
            let run = try await bench.snapshot().server.identity.runID
            #expect(Array(checkpoint.cursors.keys) == [run])
            let first = try await bench.calls(of: "copy")
            #expect(first > 200 && first < 1500)

            let whole = try await scans(of: bench) { _ = try await bench.runner().plan(bench.migration) }
            let rest = try await scans(of: bench) {
                try await bench.withLease { _ = try await bench.runner().apply(bench.migration, under: $0) }
            }
            #expect(rest < whole)
            let second = try await bench.calls(of: "copy")
            #expect(first + second == 1500)
            let done = try await bench.state()
            #expect(done?.phase == .applied)
            #expect(done?.checkpoint == nil)
            let result = try await bench.verify()
            #expect(result.problems == [])
            #expect(result.report.counts == ["tenant": [.inSync: 1500]])
        }
    }

    private func scans(of bench: Bench, _ body: () async throws -> Void) async throws -> Int {
        try await bench.send("CONFIG RESETSTAT")
        try await body()
        return try await bench.calls(of: "scan")
    }

    @Test("a checkpoint of another server process is not gone on from")
    func foreignCheckpoint() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1500)
            try await bench.withLease { lease in
                _ = try await bench.runner(shouldStop: { false }).record(
                    try await bench.runner().plan(bench.migration),
                    of: bench.migration,
                    under: lease
                )
                var state = try #require(try await bench.state())
                state.phase = .applying
                // Nothing would be copied from here: it is the end of a walk.
                state.checkpoint = Checkpoint(cursors: ["another": "65535"], processedItems: 7)
                try await bench.store.save(state, previous: .planned, under: lease, on: bench.connection)
                let done = try await bench.runner().apply(bench.migration, under: lease)
                #expect(done.progress.processedItems == 1500)
            }
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 1500)
        }
    }

    @Test("after a restart of the server cleanup verifies once more before anything goes")
    func restart() async throws {
        try await withBench(arguments: ["--appendonly", "yes", "--appendfsync", "always"]) { bench in
            try await bench.addTenants(0..<10)
            try await bench.apply()
            _ = try await bench.verify()
            let before = try await bench.state()?.verification
            try await bench.server.restart()
            let connection = try await bench.connectAsAdministrator()
            let after = Bench(server: bench.server, connection: connection)
            // What a restart lost of the copies must not be taken for deletes of the application.
            for number in 0..<11 { try await after.send("DEL tenant:{t\(number)}:tenant") }
            let kept = try await after.cleanup()
            #expect(kept.held.counts == [:])
            let result = try await after.state()?.verification
            #expect(result?.server != before?.server)
            await connection.close()
        }
    }

    @Test("a server that comes back empty is not cleaned")
    func restartEmpty() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<10)
            try await bench.apply()
            _ = try await bench.verify()
            try await bench.server.restart()
            let connection = try await bench.connectAsAdministrator()
            let after = Bench(server: bench.server, connection: connection)
            let code = await migrationError { _ = try await after.cleanup() }
            #expect(code == .wrongPhase)
            await connection.close()
        }
    }

    @Test("many sources that vanish after they were copied stop the work, and no copy is dropped")
    func sourcesDisappeared() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<100)
            try await bench.apply()
            for number in 0..<50 { try await bench.send("DEL tenant:t\(number)") }
            for phase in ["verify", "apply"] {
                let code = await migrationError {
                    if phase == "apply" { try await bench.apply() } else { _ = try await bench.verify() }
                }
                #expect(code == .sourcesDisappeared)
            }
            let version = try await bench.version()
            #expect(version == 0)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 100)
        }
    }

    @Test("few sources that vanish take their copies with them", arguments: ["verify", "apply"])
    func sourcesDeleted(phase: String) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<100)
            try await bench.apply()
            for number in 0..<10 { try await bench.send("DEL tenant:t\(number)") }
            if phase == "apply" { try await bench.apply() }
            let result = try await bench.verify()
            #expect(result.problems == [])
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 90)
        }
    }

    @Test("sources that vanish on a server that copying did not begin on are not deletes, until a person says so")
    func sourcesGoneElsewhere() async throws {
        try await withBench(arguments: ["--appendonly", "yes", "--appendfsync", "always"]) { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            try await bench.server.restart()
            let connection = try await bench.connectAsAdministrator()
            let after = Bench(server: bench.server, connection: connection)
            try await after.send("DEL tenant:t1")
            let code = await migrationError { _ = try await after.verify() }
            #expect(code == .sourcesDisappeared)
            let copies = try await after.count("tenant:{*")
            #expect(copies == 20)
            try await after.withLease { lease in
                _ = try await after.runner().apply(after.migration, acceptsServer: true, under: lease)
            }
            let result = try await after.verify()
            #expect(result.problems == [])
            let left = try await after.count("tenant:{*")
            #expect(left == 19)
            await connection.close()
        }
    }

    @Test(
        "with its state lost at a raised version it catches up and verifies, and copies back nothing that was deleted"
    )
    func stateLost() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            _ = try await bench.verify()
            try await bench.send("DEL tenant:{t3}:tenant")
            try await bench.send("HSET tenant:{t4}:tenant name used")
            try await bench.send("DEL outpost:migration:001_hash_tags:state")
            // Written by an old instance, and unknown to the ledger: a new one may have deleted it.
            try await bench.addTenants(50..<51)
            let code = await migrationError { _ = try await bench.cleanup() }
            #expect(code == .wrongPhase)
            try await bench.withLease { lease in
                _ = try await bench.runner().apply(bench.migration, under: lease)
                _ = try await bench.runner().verify(bench.migration, under: lease)
            }
            let deleted = try await bench.hash("tenant:{t3}:tenant")
            #expect(deleted == nil)
            let reappeared = try await bench.hash("tenant:{t50}:tenant")
            #expect(reappeared == nil)
            let used = try await bench.hash("tenant:{t4}:tenant")
            #expect(used?["name"] == "used")
            let result = try await bench.cleanup()
            #expect(result.held.counts == ["reappeared": 1])
            let left = try await bench.hash("tenant:t50")
            #expect(left != nil)
            let version = try await bench.version()
            #expect(version == 1)
        }
    }

    @Test("with a ledger hash lost after the raise nothing that is absent is copied back, and cleanup keeps its source")
    func ledgerLost() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            _ = try await bench.verify()
            try await bench.send("DEL tenant:{t3}:tenant")
            try await bench.send("DEL outpost:migration:001_hash_tags:ledger:0")
            let result = try await bench.cleanup()
            #expect(result.held.counts == ["reappeared": 1])
            let deleted = try await bench.hash("tenant:{t3}:tenant")
            #expect(deleted == nil)
            let left = try await bench.hash("tenant:t3")
            #expect(left == ["id": "t3", "name": "n3"])
        }
    }

    @Test("with a ledger hash lost before the raise nothing is left behind under the old names alone")
    func ledgerLostBeforeRaise() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            try await bench.send("DEL outpost:migration:001_hash_tags:ledger:0")
            try await bench.send("DEL tenant:{t3}:tenant")
            try await bench.addTenants(20..<25)
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [])
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 25)
            let header = try await bench.send("HEXISTS outpost:migration:001_hash_tags:ledger:0 h").integer
            #expect(header == 1)
        }
    }

    @Test("a key that is too large is held and named, and cleanup never comes to it")
    func tooLarge() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            let large = Bytes(repeating: 120, count: 300_000)
            _ = try await bench.connection.send("HSET", Bytes("tenant:t2"), Bytes("blob"), large)
            let limits = Limits(batchTime: .seconds(1), keyBytes: 200_000)
            let plan = try await bench.runner(limits: limits).plan(bench.migration)
            #expect(plan.report.held.samples == [HeldKeys.Sample(key: "tenant:t2", reason: "tooLarge")])
            #expect(plan.hasConflicts)
            try await bench.withLease { lease in
                let runner = bench.runner(limits: limits)
                _ = try await runner.record(plan, of: bench.migration, under: lease)
                _ = try await runner.apply(bench.migration, under: lease)
                let result = try await runner.verify(bench.migration, under: lease)
                #expect(result.hasConflicts)
            }
            let state = try await bench.state()
            #expect(state?.phase == .failed)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 4)
        }
    }
}

/// The same migration, numbered as if others came before it.
private struct LaterMigration: Migration {
    var inner: any Migration

    var name: String { inner.name }
    var version: Int { 3 }
    var description: String { inner.description }

    func plan(in context: MigrationContext) async throws -> Plan { try await inner.plan(in: context) }
    func apply(_ plan: Plan, in context: MigrationContext) async throws -> MigrationState {
        try await inner.apply(plan, in: context)
    }
    func verify(_ state: MigrationState, in context: MigrationContext) async throws -> VerificationResult {
        try await inner.verify(state, in: context)
    }
    func cleanup(_ state: MigrationState, in context: MigrationContext) async throws -> CleanupResult {
        try await inner.cleanup(state, in: context)
    }
}

/// A migration that tells when its verify has looked at everything.
private struct Watched: Migration {
    private let migration: any Migration
    private let isVerified: @Sendable () -> Void

    init(_ migration: any Migration, isVerified: @escaping @Sendable () -> Void) {
        self.migration = migration
        self.isVerified = isVerified
    }

    var name: String { migration.name }
    var version: Int { migration.version }
    var description: String { migration.description }
    func applicability(in names: KeyNames) -> Applicability { migration.applicability(in: names) }
    func plan(in context: MigrationContext) async throws -> Plan { try await migration.plan(in: context) }
    func estimate(in context: MigrationContext) async throws -> Plan { try await migration.estimate(in: context) }

    func apply(_ plan: Plan, in context: MigrationContext) async throws -> MigrationState {
        try await migration.apply(plan, in: context)
    }

    func verify(_ state: MigrationState, in context: MigrationContext) async throws -> VerificationResult {
        defer { isVerified() }
        return try await migration.verify(state, in: context)
    }

    func cleanup(_ state: MigrationState, in context: MigrationContext) async throws -> CleanupResult {
        try await migration.cleanup(state, in: context)
    }
}
