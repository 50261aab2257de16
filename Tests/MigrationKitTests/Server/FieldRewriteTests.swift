import MigrationKit
import Migrations
import RedisClient
import TestSupport
import Testing

/// Rewrites in place, and what they do to the copies of an earlier migration.
@Suite("Rewrites in place")
struct FieldRewriteTests {
    private static let time = "2024-01-02T03:04:05.678901234Z"
    private static let milliseconds = "1704164645678"

    /// Version 1, verified, with its old keys; then all of 002 up to a valid verify.
    private func raise(_ bench: Bench, to migrations: [any Migration]) async throws {
        for migration in migrations {
            try await bench.withLease { lease in
                _ = try await bench.runner().apply(migration, under: lease)
                let result = try await bench.runner().verify(migration, under: lease)
                #expect(result.problems == [], "\(migration.name)")
            }
        }
    }

    private func load(_ bench: Bench) async throws {
        try await bench.send("HSET tenant:a id a created_at \(Self.time) updated_at 17")
        try await bench.send("HSET tenant:a:destinations d x")
        try await bench.send("HSET tenant:a:destination:d id d updated_at \(Self.time)")
        try await bench.send("PEXPIREAT tenant:a:destination:d 4102444800123")
    }

    @Test("times and entity are written, expiry and everything else stay")
    func rewrites() async throws {
        try await withBench { bench in
            try await load(bench)
            try await raise(bench, to: [HashTags(), Timestamps(), Entity()])
            let tenant = try await bench.hash("tenant:{a}:tenant")
            #expect(tenant == ["id": "a", "created_at": Self.milliseconds, "updated_at": "17", "entity": "tenant"])
            let destination = try await bench.hash("tenant:{a}:destination:d")
            #expect(destination == ["id": "d", "updated_at": Self.milliseconds, "entity": "destination"])
            let expiry = try await bench.expiry("tenant:{a}:destination:d")
            #expect(expiry == 4_102_444_800_123)
            let summary = try await bench.hash("tenant:{a}:destinations")
            #expect(summary == ["d": "x"])
            let old = try await bench.hash("tenant:a")
            #expect(old?["created_at"] == Self.time, "the old name keeps the old form")
            let version = try await bench.version()
            #expect(version == 3)
        }
    }

    @Test("our own rewrite is not taken for the application's: catch-up after it finds nothing, cleanup removes")
    func basesFollow() async throws {
        try await withBench { bench in
            try await load(bench)
            try await raise(bench, to: [HashTags(), Timestamps(), Entity()])
            let caughtUp = try await bench.withLease { try await bench.runner().apply(HashTags(), under: $0) }
            #expect(caughtUp.report?.count(of: .inSync) == 3)
            #expect(caughtUp.report?.written == 0)
            let cleaned = try await bench.withLease { try await bench.runner().cleanup(HashTags(), under: $0) }
            #expect(cleaned.removed == 3 && cleaned.held.total == 0)
        }
    }

    @Test("the application's write is not taken for ours: a rewrite leaves its base alone")
    func foreignBasesStay() async throws {
        try await withBench { bench in
            try await load(bench)
            try await raise(bench, to: [HashTags()])
            try await bench.send("HSET tenant:{a}:tenant name new")
            try await raise(bench, to: [Timestamps()])
            let caughtUp = try await bench.withLease { try await bench.runner().apply(HashTags(), under: $0) }
            #expect(caughtUp.report?.count(of: .inUse) == 1)
            let tenant = try await bench.hash("tenant:{a}:tenant")
            #expect(tenant?["name"] == "new" && tenant?["created_at"] == Self.milliseconds)
        }
    }

    @Test(
        "a copy after the raise takes the rewrites of later migrations with it, and is in sync with its source",
        arguments: [[], ["--rename-command", "COPY", ""]]
    )
    func lateCopies(arguments: [String]) async throws {
        try await withBench(arguments: arguments) { bench in
            // Without COPY the programs' user needs these two.
            if !arguments.isEmpty { try await bench.send("ACL SETUSER \(LeastPrivilege.user) +dump +restore") }
            try await load(bench)
            try await raise(bench, to: [HashTags(), Timestamps(), Entity()])
            try await bench.send("HSET tenant:late id late created_at \(Self.time)")
            try await bench.send("HSET tenant:soon id soon created_at \(Self.time)")
            try await bench.send("PEXPIREAT tenant:soon 4102444800123")
            try await bench.send("HSET tenant:a updated_at \(Self.time)")
            let caughtUp = try await bench.withLease { try await bench.runner().apply(HashTags(), under: $0) }
            #expect(caughtUp.report?.written == 3)
            for id in ["late", "soon"] {
                let late = try await bench.hash("tenant:{\(id)}:tenant")
                #expect(late == ["id": id, "created_at": Self.milliseconds, "entity": "tenant"])
            }
            let expiry = try await bench.expiry("tenant:{soon}:tenant")
            #expect(expiry == 4_102_444_800_123)
            let tenant = try await bench.hash("tenant:{a}:tenant")
            #expect(tenant?["updated_at"] == Self.milliseconds && tenant?["entity"] == "tenant")
            let again = try await bench.withLease { try await bench.runner().apply(HashTags(), under: $0) }
            #expect(again.report?.written == 0 && again.report?.count(of: .inSync) == 5)
        }
    }

    @Test("what cannot be converted is held by name and changes nothing; corrected, it is converted")
    func impossible() async throws {
        try await withBench { bench in
            try await load(bench)
            try await bench.send("HSET tenant:a created_at yesterday")
            try await raise(bench, to: [HashTags()])
            try await bench.withLease { lease in
                _ = try await bench.runner().apply(Timestamps(), under: lease)
                let result = try await bench.runner().verify(Timestamps(), under: lease)
                #expect(!result.isValid && result.hasConflicts)
                #expect(result.report.held.counts == ["notATimestamp": 1])
                #expect(result.report.held.samples.map(\.text) == ["tenant:{a}:tenant, field created_at"])
                #expect(result.problems.contains { $0.contains("converted: created_at of tenant:{a}:tenant.") })
                #expect(!result.problems.joined().contains("yesterday"), "a value is for whoever asks")
            }
            let version = try await bench.version()
            #expect(version == 1)
            let tenant = try await bench.hash("tenant:{a}:tenant")
            #expect(tenant?["created_at"] == "yesterday" && tenant?["updated_at"] == "17")
            try await bench.send("HSET tenant:{a}:tenant created_at \(Self.time)")
            try await raise(bench, to: [Timestamps()])
        }
    }

    @Test("a second apply writes no data, and neither does the cleanup of what removes nothing")
    func twice() async throws {
        try await withBench { bench in
            try await load(bench)
            try await raise(bench, to: [HashTags(), Timestamps()])
            let before = try await bench.data()
            let state = try await bench.withLease { try await bench.runner().apply(Timestamps(), under: $0) }
            #expect(state.report?.written == 0 && state.report?.rewrites["tenant"]?.done == 1)
            let result = try await bench.withLease { try await bench.runner().cleanup(Timestamps(), under: $0) }
            #expect(result.removed == 0 && result.held.total == 0)
            let after = try await bench.data()
            #expect(before == after)
        }
    }

    @Test("a string under a name that fits, and an old name, are not touched")
    func otherKeys() async throws {
        try await withBench { bench in
            try await bench.send("SET tenant:{s}:tenant text")
            try await bench.send("HSET tenant:{x} id {x} created_at \(Self.time)")
            try await bench.send("SET outpost:schema:version 1")
            try await bench.withLease { lease in
                let state = try await bench.runner().apply(Timestamps(), under: lease)
                #expect(state.report?.written == 0)
            }
            let old = try await bench.hash("tenant:{x}")
            #expect(old?["created_at"] == Self.time)
        }
    }
}
