import Glibc
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("The further connections of a walk")
struct ListingAheadTests {
    @Test("a page is listed over the first connection where the server closed the other one, which rested")
    func closedForIdleness() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<40)
            let connection = try await RedisConnection.open(bench.worker.options)
            try await bench.server.cli("CONFIG", "SET", "timeout", "3")
            // A page has 10 keys and takes 5 s, in which the first connection is used all the time. The other one lists two
            // pages at once, and rests until there is room for the fourth.
            let runner = bench.runner(on: connection, limits: Limits(keysPerSecond: 2))
            let plan = try await runner.plan(bench.migration)
            #expect(plan.report.count(of: .uncopied) == 40)
            await connection.close()
        }
    }

    @Test("batches go over the first connection alone where the server closed the second one, which rested")
    func closedBetweenPages() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1000)
            let client = try PlainClient(bench.server)
            let scans = Counter()
            // The third page comes late, so that the connections for batches rest; and then the youngest of them is cut.
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("SCAN"), scans.increase() == 4 else { return }
                usleep(800_000)
                let ids = client.send("CLIENT LIST").split(whereSeparator: \.isNewline).compactMap { line in
                    line.split(separator: " ").first { $0.hasPrefix("id=") }.flatMap { Int($0.dropFirst(3)) }
                }
                client.send("CLIENT KILL ID \(ids.max() ?? 0)")
            }
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.apply(on: connection)
            #expect(state.report?.count(of: .uncopied) == 1000 && scans.value > 4)
            await connection.close()
        }
    }
}
