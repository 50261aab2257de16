import Migrations
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit
@testable import Reconciler

/// A server that comes back without what was written to it, or with a part of it.
@Suite("Data that a server lost")
struct DataLossTests {
    /// Passes of an undisturbed run to the end: plan, apply, verify, catch-up, cleanup of each migration and more.
    private static let mostPasses = 60

    private static func prepare(_ bench: Bench) async throws {
        try await bench.addTenants(0..<5)
        try await bench.send("HSET tenant:a id a created_at 2024-01-02T03:04:05.678Z")
        try await bench.send("PEXPIREAT tenant:a 4102444800123")
    }

    private static func isEnd(_ result: Reconciler.PassResult) -> Bool { result.action == .converged(pending: nil) }

    /// How many passes an undisturbed run takes until nothing is left to do, and the data that it leaves.
    private static func undisturbed() async throws -> (passes: Int, data: [String: String]) {
        try await withBench { bench in
            try await prepare(bench)
            let driver = Driver(bench, identity: .named("host"), registry: .outpost)
            var passes = 1
            while !isEnd(await driver.reconciler.pass()) {
                passes += 1
                try #require(passes < mostPasses)
            }
            await driver.reconciler.close()
            return (passes, try await bench.data())
        }
    }

    /// Saves after some passes, does some more, and brings the server back as it was saved; gives the driver that saw it.
    private static func withOlderSnapshot(
        after saved: Int,
        lost: Int,
        _ body: (Bench, Driver) async throws -> Void
    ) async throws {
        try await withBench { bench in
            try await prepare(bench)
            let driver = Driver(bench, identity: .named("host"), registry: .outpost)
            for _ in 0..<saved { _ = await driver.reconciler.pass() }
            try await bench.send("SAVE")
            for _ in 0..<lost { _ = await driver.reconciler.pass() }
            await bench.server.kill()
            try await bench.server.restart()
            let again = Bench(
                server: bench.server,
                connection: try await bench.connectAsAdministrator(),
                worker: try await bench.connect()
            )
            try await body(again, driver)
            await driver.reconciler.close()
            await again.worker.close()
            await again.connection.close()
        }
    }

    /// The next pass that reached the server: the first one finds its connection closed.
    private static func nextLook(_ driver: Driver) async -> Action {
        for _ in 0..<3 {
            let action = await driver.reconciler.pass().action
            if case .wait(.redisUnreachable, _, _) = action { continue }
            return action
        }
        return .wait(.redisUnreachable, "It does not come back.")
    }

    @Test("whatever step an older snapshot takes back, the daemon stalls, and writes nothing")
    func olderSnapshot() async throws {
        let (passes, _) = try await Self.undisturbed()
        // The last pass only looks.
        for saved in 0..<(passes - 1) {
            for lost in Set([1, passes - saved]) {
                try await Self.withOlderSnapshot(after: saved, lost: lost) { bench, driver in
                    let writes = try await bench.writes()
                    for _ in 0..<2 {
                        let action = await Self.nextLook(driver)
                        guard case .stall(.dataLost, _, _) = action else {
                            Issue.record("Saved after \(saved), \(lost) lost: \(action)")
                            return
                        }
                    }
                    let after = try await bench.writes()
                    #expect(after == writes)
                    // A reload is the word that what is there is right: the data of the snapshot are migrated.
                    driver.reload()
                    let end = await driver.finish()
                    #expect(Self.isEnd(end), "Saved after \(saved), \(lost) lost: \(end)")
                }
            }
        }
    }

    @Test("a server that lost nothing goes on, whenever it restarts")
    func nothingLost() async throws {
        let (passes, data) = try await Self.undisturbed()
        for saved in 0...passes {
            try await Self.withOlderSnapshot(after: saved, lost: 0) { bench, driver in
                for _ in 0..<3 {
                    let action = await Self.nextLook(driver)
                    if case .stall = action { Issue.record("Saved after \(saved): \(action)") }
                }
                let end = await driver.finish()
                #expect(Self.isEnd(end), "Saved after \(saved): \(end)")
                let found = try await bench.data()
                #expect(found == data)
            }
        }
    }

    @Test("a daemon that starts on an older snapshot takes it for what it is, and ends with the right data")
    func freshDaemon() async throws {
        let (passes, data) = try await Self.undisturbed()
        for saved in 0..<passes {
            try await Self.withOlderSnapshot(after: saved, lost: passes - saved) { bench, _ in
                let fresh = Driver(bench, identity: .named("other"), registry: .outpost)
                let end = await fresh.finish()
                #expect(Self.isEnd(end), "Saved after \(saved): \(end)")
                let found = try await bench.data()
                #expect(found == data, "Saved after \(saved)")
            }
        }
    }

    @Test("a server that comes back empty before anything was written of ours has lost its data too")
    func emptyBeforeTheFirstStep() async throws {
        try await withBench { bench in
            try await Self.prepare(bench)
            try await bench.send("SET outpost:migration:pause {\"by\":\"ann\"}")
            let driver = Driver(bench, identity: .named("host"), registry: .outpost)
            let paused = await driver.reconciler.pass().action
            guard case .wait(.paused, _, _) = paused else {
                Issue.record("It did \(paused).")
                return
            }
            await bench.server.kill()
            try await bench.server.restart()
            let action = await Self.nextLook(driver)
            guard case .stall(.dataLost, let message, _) = action else {
                Issue.record("It did \(action).")
                return
            }
            #expect(message.contains("it held 7 keys"), "\(message)")
            await driver.reconciler.close()
        }
    }

    @Test("states that tell of another server than the one that is back stall a daemon that has seen nothing")
    func statesOfAnotherServer() async throws {
        try await withBench { bench in
            try await Self.prepare(bench)
            let soaking = Desired(target: .version(1), gates: GatePolicy(soak: .seconds(3600)))
            let end = await Driver(bench, identity: .named("host"), desired: soaking, registry: .outpost).finish(
                passes: 6
            )
            guard case .converged(_?) = end.action else {
                Issue.record("It did \(end.action).")
                return
            }
            let key = "outpost:migration:001_hash_tags:state"
            let server = try await bench.snapshot().server.identity
            // As if it had been verified on a server that took over meanwhile.
            var state = try #require(try await bench.state())
            state.verification?.server.runID = String(server.runID.reversed())
            _ = try await bench.connection.send("SET", Bytes(key), try StoredDocument.encode(state))
            let fresh = Driver(bench, identity: .named("other"), desired: soaking, registry: .outpost)
            let action = await fresh.reconciler.pass().action
            guard case .stall(.dataLost, let message, _) = action else {
                Issue.record("It did \(action).")
                return
            }
            #expect(message.contains("migrateredis -migration 001_hash_tags verify"))
            // The way out that the message names.
            let result = try await bench.verify()
            #expect(result.isValid)
            let again = await fresh.reconciler.pass().action
            if case .stall = again { Issue.record("It did \(again).") }
            await fresh.reconciler.close()
        }
    }
}
