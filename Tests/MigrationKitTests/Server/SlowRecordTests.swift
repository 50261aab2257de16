import Foundation
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// By a proxy through which every command about one record takes longer than the time-out.
@Suite("A record that does not come within the time-out")
struct SlowRecordTests {
    private static let timeout = Duration.milliseconds(300)

    /// A proxy that holds each command about a key up for longer than the time-out.
    private static func proxy(_ bench: Bench, slowing key: String) throws -> CommandProxy {
        let name = Bytes(key)
        return try CommandProxy(bench.server) { _, words in
            if words.dropFirst().contains(name) { Thread.sleep(forTimeInterval: 0.5) }
        }
    }

    @Test("is held and named by plan and apply, and everything else is copied; once it comes, all is well")
    func held() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<40)
            let proxy = try Self.proxy(bench, slowing: "tenant:t7")
            defer { proxy.close() }
            let connection = try await bench.connect(through: proxy, timeout: Self.timeout)
            let plan = try await bench.runner(on: connection).plan(bench.migration)
            #expect(plan.report.held.samples.map(\.reason) == ["tooSlow"])
            try await bench.apply(on: connection)
            let held = try #require(try await bench.state()?.held)
            #expect(held.samples.map(\.reason) == ["tooSlow"] && held.samples.map(\.key) == ["tenant:t7"])
            #expect(try await bench.count("tenant:{*") == 39)
            #expect(try await bench.version() == 0)
            await connection.close()

            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [] && result.report.held.total == 0)
            #expect(try await bench.count("tenant:{*") == 40)
        }
    }

    @Test("is not what any record is while the server keeps all writes waiting, and answers everything else")
    func writesWait() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            let connection = try await bench.connect(timeout: Self.timeout)
            let runner = bench.runner(on: connection)
            let plan = try await runner.plan(bench.migration)
            try await bench.withLease { lease in
                _ = try await runner.record(plan, of: bench.migration, under: lease)
                try await bench.send("CLIENT PAUSE 4000 WRITE")
                let error = await #expect(throws: RedisError.self) {
                    _ = try await runner.apply(bench.migration, under: lease)
                }
                #expect(error?.code == .timedOut)
                try await bench.send("CLIENT UNPAUSE")
            }
            await connection.close()
            #expect(try await bench.state()?.held == nil)
            try await bench.apply()
            #expect(try await bench.verify().problems == [])
        }
    }
}
