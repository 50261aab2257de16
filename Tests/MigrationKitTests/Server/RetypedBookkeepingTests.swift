import MigrationKit
import RedisClient
import TestSupport
import Testing

/// A key of the bookkeeping that becomes another type while a phase runs.
@Suite("Bookkeeping that is retyped under a phase")
struct RetypedBookkeepingTests {
    @Test("fails with the command and the key that it was about")
    func history() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            let other = try PlainClient(bench.server)
            let isRetyped = Flag()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("COPY"), !isRetyped.isRaised else { return }
                isRetyped.raise()
                other.send("UNLINK outpost:migration:history")
                other.send("SADD outpost:migration:history x")
            }
            let connection = try await bench.connect(through: proxy)
            let error = await #expect(throws: RedisError.self) { _ = try await bench.apply(on: connection) }
            #expect(isRetyped.isRaised)
            #expect(error?.code == .partlyExecuted)
            #expect(error?.message.contains("XADD outpost:migration:history: WRONGTYPE") == true, "\(error as Any)")
        }
    }
}
