import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// A tenant `b` and a tenant `{b}`: the new names of the one are old names of the other.
@Suite("Names of tenants with braces")
struct BracedNameTests {
    private static let secret = ["id": "x", "credentials": "secret of b"]

    @Test(
        "a copy stays with its tenant through every phase, although the record of the tenant with braces is there alone",
        arguments: [
            ("tenant:b:destination:x", "tenant:{b}:destination:x"),
            ("tenant:b:destinations", "tenant:{b}:destinations"),
        ]
    )
    func copyStays(old: String, new: String) async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:{b} id {b}")
            _ = try await bench.connection.send(
                "HSET",
                Bytes(old),
                Bytes("id"),
                Bytes("x"),
                Bytes("credentials"),
                Bytes("b")
            )
            for _ in 0..<2 {
                try await bench.apply()
                let result = try await bench.verify()
                #expect(result.problems == [])
            }
            _ = try await bench.cleanup()
            let keys = try await bench.data().keys.sorted()
            #expect(keys == [new, "tenant:{{b}}:tenant"].sorted())
        }
    }

    @Test("a copy stays with its tenant if that tenant's records go before the cleanup")
    func tenantGoes() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:{b} id {b}")
            try await bench.send("HSET tenant:b id b")
            try await bench.send("HSET tenant:b:destination:x id x credentials ofB")
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [])
            try await bench.send("DEL tenant:b tenant:{b}:tenant")
            for _ in 0..<2 {
                _ = try? await bench.cleanup()
                let copy = try await bench.hash("tenant:{b}:destination:x")
                #expect(copy?["credentials"] == "ofB")
                let count = try await bench.count("tenant:{{b}}:destination*")
                #expect(count == 0)
            }
        }
    }

    @Test("an old key of a tenant with braces whose record is missing is held, and not given to the tenant without")
    func mirror() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:a id a")
            try await bench.send("HSET tenant:{a}:destination:x id x credentials ofBraces")
            for _ in 0..<2 {
                try await bench.apply()
                let result = try await bench.verify()
                #expect(result.hasConflicts && result.report.ambiguous == 1)
            }
            // Its own record is a copy now, and says no more than the old one.
            try await bench.send("DEL tenant:a")
            let result = try await bench.verify()
            #expect(result.report.ambiguous == 1)
            let version = try await bench.version()
            #expect(version == 0)
        }
    }

    @Test("new keys of a tenant that never had an old name are the applications', and nothing is held")
    func newcomer() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:{a}:tenant id a")
            try await bench.send("HSET tenant:{a}:destinations x 1")
            try await bench.send("HSET tenant:{a}:destination:x id x")
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [] && result.report.count(of: .native) == 3)
        }
    }
}
