import Glibc
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("Over a long way")
struct LongWayTests {
    /// Forwards what tells how long the way is, and pages, so much later.
    private func proxy(_ bench: Bench, delay: Duration, scans: Counter) throws -> CommandProxy {
        try CommandProxy(bench.server) { _, words in
            if words.first == Bytes("SCAN") { _ = scans.increase() }
            guard [Bytes("SCAN"), Bytes("PING")].contains(words.first) else { return }
            usleep(UInt32(delay.milliseconds * 1000))
        }
    }

    private func fill(_ bench: Bench, unrelated: Int) async throws {
        try await bench.addTenants(0..<300)
        try await bench.server.load((0..<unrelated).map { "SET cache:\($0) x\n" }.joined())
    }

    @Test("a plan past keys that are nobody's takes few round trips, and finds the same")
    func plan() async throws {
        try await withBench { bench in
            try await fill(bench, unrelated: 40_000)
            var counts: [Int] = []
            for delay in [Duration.zero, .milliseconds(20)] {
                let scans = Counter()
                let proxy = try proxy(bench, delay: delay, scans: scans)
                let connection = try await bench.connect(through: proxy)
                let runner = bench.runner(on: connection, limits: Limits(batchTime: .milliseconds(20)))
                let plan = try await runner.plan(bench.migration)
                #expect(plan.report.count(of: .uncopied) == 300 && plan.report.unrelated == 40_000)
                await connection.close()
                counts.append(scans.value)
            }
            #expect(counts[0] >= 400, "\(counts)")
            #expect(counts[1] <= counts[0] / 3, "\(counts)")
        }
    }

    @Test("pages of keys that have questions stay as they are, and all are copied")
    func apply() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1500)
            let scans = Counter()
            let proxy = try proxy(bench, delay: .milliseconds(20), scans: scans)
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.apply(on: connection)
            #expect(state.report?.count(of: .uncopied) == 1500)
            #expect(scans.value >= 12, "\(scans.value)")
            await connection.close()
            let result = try await bench.verify()
            #expect(result.isValid)
        }
    }
}
