import Foundation
import MigrationKit
import RedisClient
import TestSupport
import Testing

@testable import Reconciler

/// The program's death before and after every command of a whole run, from plan to cleaned.
///
/// Points are taken by stride, from a seed that the test prints; with `CRASH_POINTS=all` each is taken, and
/// `CRASH_SEED` repeats a run.
@Suite("Crash points", .serialized)
struct CrashPointTests {
    private static let old = [
        "HSET tenant:a id a name one", "HSET tenant:a:destinations d x", "HSET tenant:a:destination:d id d",
        "HSET tenant:b id b name two", "HSET tenant:b:destination:e id e deleted_at now",
        "PEXPIREAT tenant:b:destination:e 4102444800123", "HSET tenant:c:d id c:d",
    ]

    private static let pairs = [
        ("tenant:a", "tenant:{a}:tenant"), ("tenant:a:destinations", "tenant:{a}:destinations"),
        ("tenant:a:destination:d", "tenant:{a}:destination:d"), ("tenant:b", "tenant:{b}:tenant"),
        ("tenant:b:destination:e", "tenant:{b}:destination:e"), ("tenant:c:d", "tenant:{c:d}:tenant"),
    ]

    private func prepare(_ bench: Bench) async throws -> [String: String] {
        try await bench.send("FLUSHALL")
        for command in Self.old { try await bench.send(command) }
        return try await bench.data()
    }

    @Test("an undisturbed run ends cleaned, and one more pass writes nothing")
    func undisturbed() async throws {
        try await withBench { bench in
            let before = try await prepare(bench)
            let result = await Driver(bench, identity: .killed()).finish()
            #expect(result.action == .converged(pending: nil))
            let after = try await bench.data()
            #expect(after == Dictionary(uniqueKeysWithValues: Self.pairs.map { ($1, before[$0] ?? "") }))
            try await expectNoMoreWrites(bench)
        }
    }

    @Test("a run that dies at any command is brought to the same end by the next", arguments: ["before", "after"])
    func everyPoint(side: String) async throws {
        try await withBench { bench in
            let before = try await prepare(bench)
            let counting = try CommandProxy(bench.server)
            await Driver(bench, identity: .killed(), through: counting).finish()
            let expected = try await bench.data()
            let points = CrashPoints(commands: counting.commandCount, sample: 40)
            print("crash points \(side): \(points.description)")
            for point in points.points {
                _ = try await prepare(bench)
                let fault: CommandProxy.Fault = side == "before" ? .cut(before: point) : .swallow(replyTo: point)
                let proxy = try CommandProxy(bench.server, fault: fault)
                let dying = Driver(bench, identity: .killed(), through: proxy)
                for _ in 0..<60 where !proxy.hasCut {
                    let result = await dying.reconciler.pass()
                    if result.action == .converged(pending: nil) { break }
                }
                await dying.reconciler.close()
                try await expectNothingLost(bench, before, "\(side) \(point)")

                let next = Driver(bench, identity: .current(instance: "next", version: "test"))
                let result = await next.finish()
                #expect(result.action == .converged(pending: nil), "\(side) \(point): \(result)")
                let after = try await bench.data()
                #expect(after == expected, "\(side) \(point)")
                try await expectNoMoreWrites(bench, "\(side) \(point)")
            }
        }
    }

    /// Each record is there under one of its names, with its content and expiry.
    private func expectNothingLost(_ bench: Bench, _ before: [String: String], _ point: String) async throws {
        let now = try await bench.data()
        for (source, destination) in Self.pairs {
            let value = before[source]
            #expect(now[source] == value || now[source] == nil, "\(point): \(source)")
            #expect(now[destination] == value || now[destination] == nil, "\(point): \(destination)")
            #expect(now[source] != nil || now[destination] != nil, "\(point): \(source) is lost")
        }
    }

    private func expectNoMoreWrites(_ bench: Bench, _ point: String = "") async throws {
        let writes = try await bench.writes()
        let again = Driver(bench, identity: .current(instance: "again", version: "test"))
        let result = await again.reconciler.pass()
        await again.reconciler.close()
        #expect(result.action == .converged(pending: nil), "\(point)")
        let after = try await bench.writes()
        #expect(after == writes, "\(point)")
        let version = try await bench.version()
        #expect(version == 1, "\(point)")
        // Killed while giving the lock back it leaves it behind, for whoever needs it next to find abandoned.
        let own = try await bench.connection.send("KEYS", "outpost:*").elements.compactMap(\.text).sorted()
            .filter { $0 != "outpost:migration:lock" }
        #expect(
            own == [
                "outpost:migration:001_hash_tags", "outpost:migration:001_hash_tags:state", "outpost:migration:epoch",
                "outpost:migration:history", "outpost:schema:version",
            ],
            "\(point)"
        )
    }
}
