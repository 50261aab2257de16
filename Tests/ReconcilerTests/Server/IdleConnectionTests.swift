import MigrationKit
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import Reconciler

@Suite("A reconciler whose connection is forgotten between two passes")
struct IdleConnectionTests {
    /// A converged keyspace, and the driver that has just looked at it.
    private func withConverged(
        through schedule: FaultSchedule? = nil,
        _ body: (Bench, Driver, CommandProxy) async throws -> Void
    ) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<2)
            let end = await Driver(bench, identity: .named("first")).finish()
            #expect(end.action == .converged(pending: nil))
            let proxy = try CommandProxy(schedule ?? FaultSchedule([]))
            proxy.stand(before: bench.server)
            let driver = Driver(bench, identity: .named("host"), through: proxy)
            #expect(await driver.reconciler.pass().action == .converged(pending: nil))
            try await body(bench, driver, proxy)
            await driver.reconciler.close()
        }
    }

    private func expectUnmoved(_ driver: Driver, _ result: Reconciler.PassResult) {
        #expect(result.action == .converged(pending: nil), "\(result)")
        #expect(result.failure == nil)
        #expect(driver.notes.events.allSatisfy { $0.kind == .converged }, "\(driver.notes.events)")
    }

    @Test("because it was closed: it opens another one, and says nothing")
    func closed() async throws {
        try await withConverged { bench, driver, _ in
            for _ in 0..<3 {
                try await bench.server.cli("CLIENT", "KILL", "TYPE", "normal")
                expectUnmoved(driver, await driver.reconciler.pass())
            }
        }
    }

    @Test(
        "at the very moment at which it asks, or without a word: it asks once more on another one",
        arguments: [ProxyFault.Effect.drop, .reset, .mute, .deafen]
    )
    func closedWhileAsking(effect: ProxyFault.Effect) async throws {
        let schedule = FaultSchedule([])
        try await withConverged(through: schedule) { _, driver, _ in
            schedule.rearm([ProxyFault(at: 1, effect)])
            expectUnmoved(driver, await driver.reconciler.pass())
            #expect(schedule.happened.count == 1)
        }
    }

    @Test("and cannot be had again: it waits, and says so")
    func gone() async throws {
        try await withConverged { _, driver, proxy in
            proxy.close()
            let result = await driver.reconciler.pass()
            guard case .wait(.redisUnreachable, _, _) = result.action else {
                Issue.record("It did \(result.action).")
                return
            }
        }
    }

    @Test("keeps its subscription while it looks on one connection after the other")
    func keepsSubscription() async throws {
        try await withConverged { bench, driver, _ in
            await driver.reconciler.listen()
            func listeners() async throws -> [Substring] {
                try await bench.server.cli("CLIENT", "LIST", "TYPE", "pubsub").split(separator: "\n")
                    .compactMap { $0.split(separator: " ").first }
            }
            try await eventually("the subscription") { try await listeners().count == 1 }
            let before = try await listeners()
            for _ in 0..<3 {
                try await bench.server.cli("CLIENT", "KILL", "TYPE", "normal")
                expectUnmoved(driver, await driver.reconciler.pass())
                await driver.reconciler.listen()
            }
            #expect(try await listeners() == before)
        }
    }

    @Test("a subscription that has died without a word is replaced, and hears again")
    func silentSubscription() async throws {
        try await withBench { bench in
            let schedule = FaultSchedule([])
            let proxy = try CommandProxy(schedule)
            proxy.stand(before: bench.server)
            var options = bench.options(through: proxy, timeout: .seconds(1))
            options.clientName = "listener"
            let keyspace = try await RedisConnection.open(options)
            let heard = Mutex(0)
            let channel = bench.names.wake
            let task = Task {
                await WakeListener.listen(to: channel, on: keyspace, keepAlive: KeepAlive(interval: .milliseconds(300)))
                { _ in
                    heard.withLock { $0 += 1 }
                }
            }
            try await eventually("the first subscription") { heard.withLock { $0 } == 1 }
            schedule.rearm([ProxyFault(at: 1, .mute)])
            try await eventually("the second one") { heard.withLock { $0 } >= 2 }
            let before = heard.withLock { $0 }
            try await bench.send("PUBLISH \(String(decoding: channel, as: UTF8.self)) now")
            try await eventually("the message") { heard.withLock { $0 } > before }
            task.cancel()
            await task.value
            await keyspace.close()
        }
    }
}
