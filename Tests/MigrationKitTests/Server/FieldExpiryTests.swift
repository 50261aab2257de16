import Migrations
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// Hashes whose fields end by themselves: a copy that lost that is no copy.
@Suite(
    "Fields that end by themselves",
    .enabled("the server knows no end of fields") { try await ServerCommands.has("HPEXPIRETIME") }
)
struct FieldExpiryTests {
    private static let date = 4_102_444_800_123 as Int64
    private static let time = "2024-01-02T03:04:05.678901234Z"
    private static let milliseconds = "1704164645678"
    private static let copying = [[], ["--rename-command", "COPY", ""]]

    /// A hash of which one field ends; the changes concern nothing but that.
    private static func sample(fields: Int) -> TypeSample {
        let rest = (0..<fields).map { " f\($0) v" }.joined()
        let make = ["HSET KEY a 1 b 2\(rest)", "HPEXPIREAT KEY \(date) FIELDS 1 a"]
        return TypeSample(
            type: .hash,
            make: make,
            makeAgain: [
                "HSET KEY b 2 a 1\(rest)", "HPEXPIREAT KEY 9999999999999 FIELDS 2 a b", "HPERSIST KEY FIELDS 1 b",
            ]
                + make.suffix(1),
            change: ["HPEXPIREAT KEY \(date + 1) FIELDS 1 a"],
            changeOtherwise: ["HPERSIST KEY FIELDS 1 a"]
        )
    }

    @Test("are part of a hash in every column of the table", arguments: [0, 600], CopyMethod.allCases)
    func table(fields: Int, method: CopyMethod) async throws {
        try await withFieldEnds { bench in
            var features = try await bench.features()
            features.copyMethod = method
            for situation in Self.sample(fields: fields).situations {
                for (column, expected) in zip(Column.allCases, situation.outcomes) {
                    try await bench.send("FLUSHALL")
                    let outcome = try await bench.withLease { lease in
                        let table = TableRun(migration: Renames(), bench: bench, lease: lease, features: features)
                        return try await table.run(column, over: situation)
                    }
                    #expect(outcome.text == expected, "\(situation.name), \(column.rawValue)")
                    #expect(outcome.report.count(of: situation.row) == 1, "\(situation.name), \(column.rawValue)")
                    #expect(outcome.isUnchangedBySecondRun, "\(situation.name), \(column.rawValue)")
                }
            }
        }
    }

    @Test("are kept through all three migrations, also where a rewrite sets them", arguments: copying)
    func allMigrations(arguments: [String]) async throws {
        try await withFieldEnds(arguments: arguments) { bench in
            try await bench.send("HSET tenant:a id a created_at \(Self.time) updated_at \(Self.time) secret x")
            try await bench.send("HPEXPIREAT tenant:a \(Self.date) FIELDS 2 created_at secret")
            try await bench.send("HSET tenant:b id b created_at \(Self.time)")
            for migration in [HashTags(), Timestamps(), Entity()] as [any Migration] {
                try await Self.run(migration, on: bench)
            }
            try await expectKept("tenant:{a}:tenant", on: bench)
            // A copy after the raise takes the rewrites with it.
            try await bench.send("HSET tenant:c id c created_at \(Self.time) updated_at \(Self.time) secret x")
            try await bench.send("HPEXPIREAT tenant:c \(Self.date) FIELDS 2 created_at secret")
            let caughtUp = try await bench.withLease { try await bench.runner().apply(HashTags(), under: $0) }
            #expect(caughtUp.report?.written == 1 && caughtUp.report?.count(of: .inSync) == 2)
            try await expectKept("tenant:{c}:tenant", on: bench)
            let verified = try await bench.verify()
            #expect(verified.problems == [] && verified.report.count(of: .inSync) == 3)
            let cleaned = try await bench.cleanup()
            #expect(cleaned.removed == 3 && cleaned.held.total == 0)
        }
    }

    @Test("end on both sides, and no phase minds")
    func ended() async throws {
        try await withFieldEnds { bench in
            try await bench.send("HSET tenant:a id a gone soon")
            try await bench.send("HPEXPIRE tenant:a 5400 FIELDS 1 gone")
            // 5 s before their end fields are none any more; until then they are.
            try await bench.apply()
            try await eventually("the field to end") { try await bench.hash("tenant:{a}:tenant") == ["id": "a"] }
            let result = try await bench.verify()
            #expect(result.problems == [])
            let cleaned = try await bench.cleanup()
            #expect(cleaned.removed == 1 && cleaned.held.total == 0)
            let left = try await bench.hash("tenant:{a}:tenant")
            #expect(left == ["id": "a"])
        }
    }

    @Test("are not compared within their last five seconds, but copied")
    func aboutToEnd() async throws {
        try await withFieldEnds { bench in
            try await bench.send("HSET tenant:a id a gone soon")
            try await bench.send("HSET tenant:{a}:tenant id a")
            try await bench.send("HPEXPIRE tenant:a 4000 FIELDS 1 gone")
            try await bench.send("HSET tenant:b id b gone soon")
            try await bench.send("HPEXPIRE tenant:b 4000 FIELDS 1 gone")
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.report.count(of: .equal) == 1 && plan.report.count(of: .uncopied) == 1)
            try await bench.apply()
            let copy = try await bench.send("HPEXPIRETIME tenant:{b}:tenant FIELDS 1 gone").elements.map(\.integer)
            let source = try await bench.send("HPEXPIRETIME tenant:b FIELDS 1 gone").elements.map(\.integer)
            #expect(copy == source)
        }
    }

    @Test("that come between a look and its EXEC are seen by the next look")
    func between() async throws {
        try await withFieldEnds { bench in
            try await bench.addTenants(0..<20)
            let client = try PlainClient(bench.server)
            let hasStruck = Flag()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("COPY"), words[1] == Bytes("tenant:t7"), !hasStruck.isRaised else { return }
                hasStruck.raise()
                client.send("HPEXPIREAT tenant:t7 \(Self.date) FIELDS 1 name")
            }
            let connection = try await bench.connect(through: proxy)
            try await bench.apply(on: connection)
            #expect(hasStruck.isRaised)
            let copy = try await bench.send("HPEXPIRETIME tenant:{t7}:tenant FIELDS 1 name").elements.map(\.integer)
            #expect(copy == [Self.date])
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.report.count(of: .inSync) == 20)
        }
    }

    @Test("cost a server that has none no question about fields")
    func noneAtAll() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<100)
            try await bench.send("HSET tenant:long id long text \(String(repeating: "x", count: 1000))")
            try await bench.send("CONFIG RESETSTAT")
            for migration in [HashTags(), Timestamps(), Entity()] as [any Migration] {
                try await Self.run(migration, on: bench)
            }
            for command in ["hkeys", "hpexpiretime", "hpexpireat"] {
                let calls = try await bench.calls(of: command)
                #expect(calls == 0, "\(command)")
            }
        }
    }

    /// Lends a server whose user may do what `deploy/migrateredis.acl` says is needed besides where fields end; and, where
    /// arguments take COPY away, without that.
    private func withFieldEnds(arguments: [String] = [], _ body: (Bench) async throws -> Void) async throws {
        try await withBench(arguments: arguments) { bench in
            try await bench.send("ACL SETUSER \(LeastPrivilege.user) +hkeys +hpexpiretime +hpexpireat")
            if !arguments.isEmpty { try await bench.send("ACL SETUSER \(LeastPrivilege.user) +dump +restore") }
            try await body(bench)
        }
    }

    private static func run(_ migration: any Migration, on bench: Bench) async throws {
        try await bench.withLease { lease in
            _ = try await bench.runner().apply(migration, under: lease)
            let again = try await bench.runner().apply(migration, under: lease)
            #expect(again.report?.written == 0, "\(migration.name)")
            let result = try await bench.runner().verify(migration, under: lease)
            #expect(result.problems == [], "\(migration.name)")
        }
    }

    private func expectKept(_ key: String, on bench: Bench) async throws {
        let hash = try await bench.hash(key)
        #expect(hash?["created_at"] == Self.milliseconds && hash?["updated_at"] == Self.milliseconds)
        #expect(hash?["entity"] == "tenant" && hash?["secret"] == "x")
        let ends = try await bench.send("HPEXPIRETIME \(key) FIELDS 4 created_at updated_at secret entity")
            .elements.map(\.integer)
        #expect(ends == [Self.date, -1, Self.date, -1])
    }
}
