import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// A first apply expects no destinations, and a plan of it reads no contents; what is there all the same is found.
@Suite("The first apply")
struct FirstApplyTests {
    @Test("a plan before it reads of no key what it holds or when it ends, and finds what there is to copy")
    func plan() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<300)
            let reads = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.count > 1, words[1].starts(with: Bytes("tenant:")) else { return }
                if ["HGETALL", "PEXPIRETIME", "PTTL"].contains(where: { words[0] == Bytes($0) }) { reads.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            let plan = try await bench.runner(on: connection).plan(bench.migration)
            #expect(plan.report.count(of: .uncopied) == 300 && plan.scope.total == 300)
            #expect(reads.value == 0)
            let taken = try await bench.send("MEMORY USAGE tenant:t1").integer ?? 0
            #expect(plan.report.bytesNeeded >= 250 * Int(taken))
            await connection.close()
        }
    }

    @Test("destinations that are there are compared: equal ones are noted, others are conflicts", arguments: [1, 300])
    func destinations(tenants: Int) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<tenants)
            try await bench.server.load((0..<tenants).map { "COPY tenant:t\($0) tenant:{t\($0)}:tenant\n" }.joined())
            try await bench.send("HSET tenant:{t0}:tenant name other")
            let plan = try await bench.runner().plan(bench.migration)
            #expect(plan.report.count(of: .equal) == tenants - 1 && plan.report.count(of: .foreign) == 1)
            #expect(plan.report.bytesNeeded == 0)
            let state = try await bench.apply()
            #expect(state.held?.total == 1 && state.report?.count(of: .equal) == tenants - 1)
            let name = try await bench.send("HGET tenant:{t0}:tenant name").text
            #expect(name == "other")
        }
    }

    @Test("a destination that is too large is held, and not read")
    func large() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<30)
            try await bench.send("HSET tenant:{t7}:tenant id t7 name \(String(repeating: "x", count: 200_000))")
            let reads = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words == [Bytes("HGETALL"), Bytes("tenant:{t7}:tenant")] { reads.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            let limits = Limits(keyBytes: 100_000)
            let plan = try await bench.runner(on: connection, limits: limits).plan(bench.migration)
            #expect(plan.report.held.counts == ["tooLarge": 1] && plan.report.large.count == 1)
            #expect(plan.report.count(of: .uncopied) == 29)
            let state = try await bench.withLease { lease in
                try await bench.runner(on: connection, limits: limits).apply(bench.migration, under: lease)
            }
            #expect(state.held?.counts == ["tooLarge": 1])
            #expect(reads.value == 0)
            await connection.close()
        }
    }
}
