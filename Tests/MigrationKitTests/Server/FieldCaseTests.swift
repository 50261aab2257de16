import Foundation
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// What a tool in the field does wrong, each to be right here.
@Suite("Cases from the field")
struct FieldCaseTests {
    /// Applies, verifies and cleans up.
    private func migrate(_ bench: Bench) async throws -> CleanupResult {
        try await bench.apply()
        let result = try await bench.verify()
        #expect(result.problems == [])
        return try await bench.cleanup()
    }

    @Test("cleanup takes no new keys, though the old names' glob matches them")
    func cleanupByGlob() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<3)
            try await bench.send("HSET tenant:{native}:tenant id native")
            try await bench.send("HSET tenant:{native}:destination:d id d")
            _ = try await migrate(bench)
            let keys = try await bench.data().keys.sorted()
            #expect(
                keys == [
                    "tenant:{native}:destination:d", "tenant:{native}:tenant", "tenant:{t0}:tenant",
                    "tenant:{t1}:tenant", "tenant:{t2}:tenant",
                ]
            )
        }
    }

    @Test("ids with ':' are moved, not skipped and then deleted")
    func colons() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:a:b id a:b name x")
            try await bench.send("HSET tenant:a:b:destinations d:1 x")
            try await bench.send("HSET tenant:a:b:destination:d:1 id d:1")
            let before = try await bench.data()
            _ = try await migrate(bench)
            let after = try await bench.data()
            #expect(
                after == [
                    "tenant:{a:b}:tenant": before["tenant:a:b"],
                    "tenant:{a:b}:destinations": before["tenant:a:b:destinations"],
                    "tenant:{a:b}:destination:d:1": before["tenant:a:b:destination:d:1"],
                ]
            )
        }
    }

    @Test("records missing from the summary are moved too")
    func missingFromSummary() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1)
            try await bench.send("HSET tenant:t0:destinations known x")
            try await bench.send("HSET tenant:t0:destination:known id known")
            try await bench.send("HSET tenant:t0:destination:forgotten id forgotten deleted_at 2024-01-01T00:00:00Z")
            try await bench.send("PEXPIREAT tenant:t0:destination:forgotten 4102444800123")
            try await bench.send("HSET tenant:orphan:destination:alone id alone")
            _ = try await migrate(bench)
            let forgotten = try await bench.hash("tenant:{t0}:destination:forgotten")
            #expect(forgotten?["id"] == "forgotten")
            let expiry = try await bench.expiry("tenant:{t0}:destination:forgotten")
            #expect(expiry == 4_102_444_800_123)
            let alone = try await bench.hash("tenant:{orphan}:destination:alone")
            #expect(alone == ["id": "alone"])
        }
    }

    @Test("an unrelated `tenant:foo:bar` stays")
    func unrelated() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2)
            try await bench.send("HSET tenant:foo:bar color red")
            try await bench.send("HSET tenant:foo:baz id other")
            let before = try await bench.data()
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.report.unrelated == 2)
            _ = try await migrate(bench)
            let after = try await bench.data()
            for key in ["tenant:foo:bar", "tenant:foo:baz"] { #expect(after[key] == before[key]) }
            #expect(after.count == 4)
        }
    }

    @Test("keys of wrong types stay, and are counted as unrelated")
    func wrongTypes() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2)
            try await bench.send("SET tenant:text x")
            try await bench.send("LPUSH tenant:list:destinations x")
            try await bench.send("SADD tenant:set:destination:d x")
            let before = try await bench.data()
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.report.unrelated == 3)
            #expect(plan.scope.kinds == ["tenant": 2])
            let result = try await migrate(bench)
            #expect(result.removed == 2)
            let after = try await bench.data()
            for key in ["tenant:text", "tenant:list:destinations", "tenant:set:destination:d"] {
                #expect(after[key] == before[key])
            }
            #expect(after.count == 5)
        }
    }

    @Test("a time to live of 600 s stays one, to the millisecond")
    func timeToLive() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2)
            try await bench.send("EXPIRE tenant:t0 600")
            let expiry = try await bench.expiry("tenant:t0")
            _ = try await migrate(bench)
            let copied = try await bench.expiry("tenant:{t0}:tenant")
            #expect(copied == expiry)
            let other = try await bench.expiry("tenant:{t1}:tenant")
            #expect(other == -1)
        }
    }

    @Test("an item that cannot be moved gives no success, and cleanup does not take it")
    func failedItem() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<3)
            try await bench.send("SET tenant:{t1}:tenant occupied")
            let state = try await bench.apply()
            #expect(state.progress.failedItems == 1)
            #expect(state.held?.samples == [HeldKeys.Sample(key: "tenant:t1", reason: "foreign")])
            let result = try await bench.verify()
            #expect(!result.isValid)
            let code = await migrationError { _ = try await bench.cleanup() }
            #expect(code == .wrongPhase)
            let left = try await bench.hash("tenant:t1")
            #expect(left == ["id": "t1", "name": "n1"])
        }
    }

    /// Ways in which the copies can be wrong before the raise.
    @Test(
        "verify does not pass",
        arguments: [
            "with every destination gone", "with wrong values", "with 980 of 1,000 records gone",
            "with lost times to live", "with one destination gone",
        ]
    )
    func verifyThatMustFail(how: String) async throws {
        try await withBench { bench in
            let count = how.contains("1,000") ? 1000 : 60
            try await bench.addTenants(0..<count)
            try await bench.send("PEXPIREAT tenant:t0 4102444800123")
            try await bench.apply()
            var commands = ""
            for number in 0..<count {
                let key = "tenant:{t\(number)}:tenant"
                switch how {
                case "with every destination gone": commands += "DEL \(key)\n"
                case "with wrong values": commands += "HSET \(key) name wrong\n"
                case "with 980 of 1,000 records gone": if number < 980 { commands += "DEL \(key)\n" }
                case "with lost times to live": commands += "PEXPIREAT \(key) 4102444800126\n"
                default: if number == 7 { commands += "DEL \(key)\n" }
                }
            }
            try await bench.server.load(commands)
            let result = try await bench.verify()
            #expect(!result.isValid)
            #expect(!result.problems.isEmpty)
            let version = try await bench.version()
            #expect(version == 0)
            let sources = try await bench.count("tenant:t*")
            #expect(sources == count)
        }
    }

    @Test("applying again overwrites no newer value")
    func applyAgain() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<3)
            try await bench.apply()
            try await bench.send("HSET tenant:{t1}:tenant name newer")
            try await bench.apply()
            let newer = try await bench.hash("tenant:{t1}:tenant")
            #expect(newer?["name"] == "newer")
            _ = try await bench.verify()
            try await bench.send("HSET tenant:{t2}:tenant name newest")
            try await bench.apply()
            let newest = try await bench.hash("tenant:{t2}:tenant")
            #expect(newest?["name"] == "newest")
        }
    }

    @Test("a plan counts the same after apply as before")
    func planTwice() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            try await bench.send("HSET tenant:t1:destination:d id d")
            let before = try await bench.runner().plan(bench.migration).scope
            try await bench.apply()
            let after = try await bench.runner().plan(bench.migration).scope
            #expect(before == after)
            #expect(before.kinds == ["tenant": 50, "destination": 1])
        }
    }

    @Test("an empty database gets its version")
    func emptyDatabase() async throws {
        try await withBench { bench in
            let result = try await migrate(bench)
            #expect(result.removed == 0)
            let version = try await bench.version()
            #expect(version == 1)
            let own = try await bench.count("*")
            #expect(own == 5, "version, state, epoch, history and Outpost's record")
        }
    }

    /// Names that break what splits, matches or prints them.
    static let strangeIDs: [Bytes] = [
        Bytes("a b"), Bytes("a\r\nb"), [0, 1, 2], [0xFF, 0xFE], Bytes("*"), Bytes("?[a-z]\\"), Bytes("{"), Bytes("}"),
        Bytes("{}"), Bytes("{x}"), Bytes("ü"), Bytes("a:b:c"), Bytes(":"), Bytes("tenant:x"),
        Bytes(String(repeating: "l", count: 4000)),
    ]

    @Test("ids of any bytes are moved, one by one and exactly", arguments: FieldCaseTests.strangeIDs)
    func oddIDs(id: Bytes) async throws {
        try await withBench { bench in
            let source = Bytes("tenant:") + id
            _ = try await bench.connection.send("HSET", source, Bytes("id"), id, Bytes("v"), [0, 255, 13, 10])
            let dump = try await bench.connection.send("HGETALL", source).elements.compactMap(\.bytes)
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.scope.kinds == ["tenant": 1])
            _ = try await migrate(bench)
            let destination = Bytes("tenant:{") + id + Bytes("}:tenant")
            let copy = try await bench.connection.send("HGETALL", destination).elements.compactMap(\.bytes)
            #expect(Set(copy) == Set(dump) && copy.count == dump.count)
            let left = try await bench.connection.send("EXISTS", source).integer
            #expect(left == 0)
        }
    }

    @Test("a name that would be too long only after the move is held, and stays", arguments: [4080, 4085, 4089, 5000])
    func almostTooLong(length: Int) async throws {
        try await withBench { bench in
            let id = Bytes(String(repeating: "l", count: length))
            _ = try await bench.connection.send("HSET", Bytes("tenant:") + id, Bytes("id"), id)
            let state = try await bench.apply()
            // The new name has nine bytes more than the old one.
            let isHeld = length + 16 > 4096
            #expect(state.held?.counts == (isHeld ? ["tooLong": 1] : nil))
            let result = try await bench.verify()
            #expect(result.hasConflicts == isHeld && result.report.held.total == (isHeld ? 1 : 0))
            let keys = try await bench.connection.send("EXISTS", Bytes("tenant:") + id).integer
            #expect(keys == 1)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == (isHeld ? 0 : 1))
        }
    }

    @Test("all odd ids together: nothing is lost, and everything is accounted for")
    func oddIDsTogether() async throws {
        try await withBench { bench in
            for id in Self.strangeIDs {
                _ = try await bench.connection.send("HSET", Bytes("tenant:") + id, Bytes("id"), id)
                _ = try await bench.connection.send(
                    "HSET",
                    Bytes("tenant:") + id + Bytes(":destination:d"),
                    Bytes("id"),
                    Bytes("d")
                )
            }
            let state = try await bench.apply()
            let result = try await bench.verify()
            let report = result.report
            #expect(report.pairs + report.ambiguous + report.unrelated == 2 * Self.strangeIDs.count)
            #expect(state.report?.pairs == report.pairs)
            let code = result.isValid ? nil : await migrationError { _ = try await bench.cleanup() }
            #expect(code == (result.isValid ? nil : .wrongPhase))
            for id in Self.strangeIDs {
                let both = try await bench.connection.send(
                    "EXISTS",
                    Bytes("tenant:") + id,
                    Bytes("tenant:{") + id + Bytes("}:tenant")
                ).integer
                #expect((both ?? 0) >= 1)
            }
        }
    }

    @Test("`tenant:{x}:destinations` alone can be read in two ways: it is held, and blocks")
    func ambiguous() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:{x}:destinations d 1")
            let before = try await bench.data()
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.report.ambiguous == 1)
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.hasConflicts)
            let after = try await bench.data()
            #expect(after == before)
            let version = try await bench.version()
            #expect(version == 0)
        }
    }

    @Test(
        "the tenant's record decides whether `tenant:{x}:destinations` is old or new",
        arguments: ["HSET tenant:{x} id {x}", "HSET tenant:{x}:tenant id x"]
    )
    func decided(record: String) async throws {
        try await withBench { bench in
            try await bench.send(record)
            try await bench.send("HSET tenant:{x}:destinations d 1")
            let result = try await migrate(bench)
            #expect(result.held.total == 0)
            let isOld = record.contains("{x} id")
            let keys = try await bench.data().keys.sorted()
            #expect(
                keys
                    == (isOld
                        ? ["tenant:{{x}}:destinations", "tenant:{{x}}:tenant"]
                        : ["tenant:{x}:destinations", "tenant:{x}:tenant"])
            )
        }
    }

    @Test("two sources of one destination, met in one batch: one is copied, the other is held, and neither is lost")
    func collision() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:a}:destination:b id a}:destination:b name tenant")
            try await bench.send("HSET tenant:a:destination:b}:tenant id b}:tenant name destination")
            try await bench.apply()
            for _ in 0..<2 {
                let result = try await bench.verify()
                #expect(result.hasConflicts)
                #expect(result.report.count(of: .collision) == 1)
                #expect(result.report.count(of: .inSync) == 1)
                try await bench.apply()
            }
            let sources = try await bench.count("tenant:a*")
            #expect(sources == 2)
            // A person removes the one that was copied: the other one must not be taken for copied.
            let copy = try await bench.hash("tenant:{a}:destination:b}:tenant")
            let copied = copy?["name"] == "tenant" ? "tenant:a}:destination:b" : "tenant:a:destination:b}:tenant"
            let other =
                copied == "tenant:a}:destination:b" ? "tenant:a:destination:b}:tenant" : "tenant:a}:destination:b"
            let content = try await bench.hash(other)
            try await bench.send("DEL \(copied)")
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.isValid, "\(result.problems)")
            _ = try await bench.cleanup()
            let left = try await bench.hash(other)
            let now = try await bench.hash("tenant:{a}:destination:b}:tenant")
            #expect(left == nil && now == content)
        }
    }

    @Test("two sources of one destination, far apart: a plan tells of them, and apply copies one of them")
    func collisionFarApart() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2000)
            try await bench.send("HSET tenant:a}:destination:b id a}:destination:b name tenant")
            try await bench.send("HSET tenant:a:destination:b}:tenant id b}:tenant name destination")
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.hasConflicts && plan.report.held.counts == ["collision": 1], "\(plan.report.held)")
            #expect(plan.report.count(of: .uncopied) == 2001)
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.report.count(of: .collision) == 1 && result.report.count(of: .inSync) == 2001)
        }
    }

    @Test("a destination that is itself an old key is held")
    func destinationIsSource() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:x id x")
            try await bench.send("HSET tenant:x:destinations d 1")
            try await bench.send("HSET tenant:{x} id {x}")
            try await bench.send("HSET tenant:{x}:destinations d 2")
            let before = try await bench.data()
            try await bench.apply()
            let result = try await bench.verify()
            let after = try await bench.data()
            for (key, value) in before { #expect(after[key] == value, "\(key)") }
            if result.isValid { #expect(after["tenant:{{x}}:destinations"] == before["tenant:{x}:destinations"]) }
        }
    }

    @Test("a copy about to expire does not make cleanup leave its source for ever")
    func expiringDestination() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2)
            try await bench.apply()
            _ = try await bench.verify()
            try await bench.send("PEXPIRE tenant:{t1}:tenant 4000")
            _ = try await bench.cleanup()
            let state = try await bench.state()
            let left = try await bench.count("tenant:t*")
            #expect(left == 0 || state?.phase == .cleaning)
        }
    }
}
