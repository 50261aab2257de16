import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("A page that is listed ahead")
struct ListingAheadTests {
    @Test("is listed over the first connection where the server closed the other one, which rested")
    func closedForIdleness() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<600)
            let connection = try await RedisConnection.open(bench.worker.options)
            try await bench.server.cli("CONFIG", "SET", "timeout", "1")
            // A page takes more than two seconds, in which the first connection is used all the time. Of three pages the last
            // is asked for after the second connection has rested that long.
            let runner = bench.runner(on: connection, limits: Limits(keysPerSecond: 80))
            let plan = try await runner.plan(bench.migration)
            #expect(plan.report.count(of: .uncopied) == 600)
            await connection.close()
        }
    }
}
