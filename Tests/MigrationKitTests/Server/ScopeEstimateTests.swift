import Migrations
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// An apply on whose plan nobody decides looks at some names first, and counts what it handles.
@Suite("An estimate of what there is to do")
struct ScopeEstimateTests {
    @Test("of a few keys it is exact, by kind, and for a rewrite counts the new names")
    func exact() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<300)
            for index in 0..<40 { try await bench.send("HSET tenant:t\(index):destination:d id d") }
            try await bench.server.load((0..<70).map { "SET other:\($0) x\n" }.joined())
            let plan = try await bench.runner().estimate(bench.migration)
            #expect(plan.isEstimate && plan.scope.kinds == ["tenant": 300, "destination": 40])
            #expect(plan.report == WalkReport())
            let planned = try await bench.runner().plan(bench.migration)
            #expect(planned.scope == plan.scope && planned.ledger == plan.ledger && !planned.isEstimate)
            let empty = try await bench.runner().estimate(Timestamps())
            #expect(empty.isEstimate && empty.scope.total == 0)
            _ = try await bench.apply()
            let rewriting = try await bench.runner().estimate(Timestamps())
            #expect(rewriting.scope.kinds == ["tenant": 300, "destination": 40])
        }
    }

    @Test("of many it is near, and keys of other databases do not count")
    func near() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20_000)
            try await bench.server.load((0..<20_000).map { "SET other:\($0) x\n" }.joined())
            try await bench.server.load("SELECT 3\n" + (0..<5_000).map { "HSET tenant:t\($0) id t\($0)\n" }.joined())
            try await bench.send("CONFIG RESETSTAT")
            let plan = try await bench.runner().estimate(bench.migration)
            #expect(plan.isEstimate && abs(plan.scope.total - 20_000) < 2_000, "\(plan.scope)")
            let calls = try await bench.calls(of: "scan")
            #expect(calls == 16)
        }
    }

    @Test("where none of many names counts, all are looked at")
    func rare() async throws {
        try await withBench { bench in
            try await bench.server.load((0..<20_000).map { "SET other:\($0) x\n" }.joined())
            let none = try await bench.runner().estimate(bench.migration)
            #expect(!none.isEstimate && none.scope.total == 0 && none.report.unrelated == 20_000)
            try await bench.addTenants(0..<1)
            let one = try await bench.runner().estimate(bench.migration)
            // Found by a whole look, or in a fifth of the names.
            #expect((1...6).contains(one.scope.total), "\(one.scope)")
        }
    }

    @Test("what an apply counted takes its place, also that of one that found nothing of a run before on this server")
    func counted() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<300)
            let wrong = Plan(
                migration: bench.migration.name,
                report: WalkReport(),
                scope: Scope(kinds: ["tenant": 17]),
                ledger: nil,
                isEstimate: true
            )
            let whole = try await bench.withLease { lease in
                try await bench.runner().apply(bench.migration, plan: wrong, under: lease)
            }
            #expect(whole.scope?.kinds == ["tenant": 300] && whole.progress.totalItems == 300)
            let stored = try await bench.state()
            #expect(stored?.scope?.total == 300 && stored?.progress.totalItems == 300)

            var begun = try #require(stored)
            begun.phase = .applying
            begun.checkpoint = Checkpoint(cursors: ["another": "5"], processedItems: 3)
            let resumed = try await bench.withLease { lease in
                try await bench.store.save(begun, previous: .applied, under: lease, on: bench.connection)
                return try await bench.runner().apply(bench.migration, plan: wrong, under: lease)
            }
            #expect(resumed.scope?.kinds == ["tenant": 300] && resumed.progress.totalItems == 300)
            #expect(resumed.report?.earlier == 0)
        }
    }

    @Test("an apply that goes on tells how many keys it went on behind, and knows in the end how many there were")
    func goneOn() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1000)
            let runner = bench.runner()
            let estimate = try await runner.estimate(bench.migration)
            let copies = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("COPY") { copies.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            func apply(until most: Int) async throws -> MigrationState {
                try await bench.withLease { lease in
                    let runner = bench.runner(on: connection, shouldStop: { copies.value > most })
                    return try await runner.apply(bench.migration, plan: estimate, under: lease)
                }
            }
            #expect(await migrationError { _ = try await apply(until: 500) } == .interrupted)
            let checkpoint = try #require(try await bench.state()?.checkpoint)
            #expect(checkpoint.processedItems > 0 && checkpoint.processedItems < 1000)
            let state = try await apply(until: .max)
            let report = try #require(state.report)
            #expect(report.earlier == checkpoint.processedItems)
            #expect(report.earlier + report.scope.total == 1000)
            #expect(state.progress.processedItems == 1000 && state.progress.totalItems == 1000)
            await connection.close()
        }
    }

    @Test(
        "of names alone",
        arguments: [
            ("tenant:t", "tenant", nil), ("tenant:t:destination:d", "destination", nil),
            ("tenant:{t}:tenant", nil, "tenant"), ("tenant:{t}:destination:d", nil, "destination"), ("other", nil, nil),
        ] as [(String, String?, String?)]
    )
    func names(name: String, moved: String?, rewritten: String?) {
        let names = KeyNames()
        let moves = ScopeEstimate(
            moves: HashTags().moves(in: names),
            concerns: { _, isSource in isSource },
            names: names
        )
        #expect(moves.counts(of: [Bytes(name)]) == (moved.map { [$0: 1] } ?? [:]))
        let rewrites = Timestamps().rewrites(in: names)
        let hashes = ScopeEstimate(moves: rewrites.moves, concerns: rewrites.concerns(_:isSource:), names: names)
        #expect(hashes.counts(of: [Bytes(name)]) == (rewritten.map { [$0: 1] } ?? [:]))
    }

    @Test(
        "is scaled by what there is",
        arguments: [
            (10, 100, 1000, 100), (1, 3, 10, 3), (10, 100, 100, 10), (10, 100, 50, 10), (0, 0, 0, 0), (0, 100, 1000, 0),
        ]
    )
    func scaled(count: Int, sample: Int, all: Int, expected: Int) {
        #expect(ScopeEstimate.scaled(count, of: sample, to: all) == expected)
    }
}
