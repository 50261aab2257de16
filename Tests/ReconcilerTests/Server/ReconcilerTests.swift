import Foundation
import MigrationKit
import Migrations
import RedisClient
import TestSupport
import Testing

@testable import Reconciler

/// Passes of the reconciler on a server.
@Suite("The reconciler on a server")
struct ReconcilerServerTests {
    @Test("brings an old keyspace to the newest version, and tells what it did")
    func wholeRun() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            let driver = Driver(bench, identity: .named("host"))
            let result = await driver.finish()
            #expect(result.action == .converged(pending: nil))
            let version = try await bench.version()
            #expect(version == 1)
            let state = try await bench.state()
            #expect(state?.phase == .cleaned)
            let copies = try await bench.count("tenant:{*}:tenant")
            #expect(copies == 50)
            let sources = try await bench.count("tenant:t*")
            #expect(sources == 0)
            let kinds = driver.notes.events.map(\.kind)
            #expect(kinds.last == .converged)
            #expect(kinds.filter { $0 == .versionRaised }.count == 1)
            #expect(!kinds.contains(.stepFailed) && !kinds.contains(.stalled))
        }
    }

    @Test("brings a keyspace through all migrations of Outpost")
    func allMigrations() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:a id a created_at 2024-01-02T03:04:05.678Z")
            let driver = Driver(bench, identity: .named("host"), registry: .outpost)
            let result = await driver.finish()
            #expect(result.action == .converged(pending: nil))
            let tenant = try await bench.hash("tenant:{a}:tenant")
            #expect(tenant == ["id": "a", "created_at": "1704164645678", "entity": "tenant"])
            let version = try await bench.version()
            #expect(version == MigrationRegistry.outpost.latest)
        }
    }

    @Test("an empty database gets its version")
    func empty() async throws {
        try await withBench { bench in
            let result = await Driver(bench, identity: .named("host")).finish()
            #expect(result.action == .converged(pending: nil))
            let version = try await bench.version()
            #expect(version == 1)
        }
    }

    @Test("does nothing while paused, and says who paused")
    func paused() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            let pause = #"{"by":"anna@desk","at":"2024-01-01T00:00:00Z","reason":"release"}"#
            _ = try await bench.connection.send("SET", bench.names.pause, Bytes(pause))
            let writes = try await bench.writes()
            let driver = Driver(bench, identity: .named("host"))
            for _ in 0..<3 {
                let result = await driver.reconciler.pass()
                guard case .wait(.paused, let message, _) = result.action else {
                    Issue.record("It did \(result.action).")
                    continue
                }
                #expect(message.contains("anna@desk") && message.contains("release"))
            }
            let after = try await bench.writes()
            #expect(after == writes)
            try await bench.send("DEL outpost:migration:pause")
            let result = await driver.finish()
            #expect(result.action == .converged(pending: nil))
        }
    }

    @Test("waits for a foreign lock, names it, and goes on when it is gone")
    func foreignLock() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            let json = #"{"migration":"001_hash_tags","pid":7,"host":"db"}"#
            _ = try await bench.connection.send("SET", bench.names.lock, Bytes(json))
            let writes = try await bench.writes()
            let driver = Driver(bench, identity: .named("host"))
            let result = await driver.reconciler.pass()
            guard case .wait(.lockHeld, let message, _) = result.action else {
                Issue.record("It did \(result.action).")
                return
            }
            #expect(message.contains("another tool on db"))
            #expect(driver.notes.events.map(\.kind) == [.waiting])
            #expect(driver.notes.events.first?.facts[.migration] == "001_hash_tags")
            let after = try await bench.writes()
            #expect(after == writes)
            try await bench.send("DEL outpost:migration:lock")
            let end = await driver.finish()
            #expect(end.action == .converged(pending: nil))
        }
    }

    @Test("tells once that it took an abandoned lock over, and whose it was")
    func takeover() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            _ = try await Locksmith(names: bench.names, identity: .killed(), times: LockTimes())
                .acquire(on: bench.connection, for: "001_hash_tags", watch: &watch)
            let driver = Driver(bench, identity: .current(instance: "host", version: "test"))
            let end = await driver.finish()
            #expect(end.action == .converged(pending: nil))
            let told = driver.notes.events.filter { $0.kind == .lockTakenOver }
            #expect(told.count == 1)
            let facts = try #require(told.first?.facts)
            #expect(facts[.migration] == "001_hash_tags")
            #expect(facts[.holder]?.contains("killed") == true && facts[.by]?.contains("host") == true, "\(facts)")
        }
    }

    @Test("stalls when the version goes backwards while it watches", arguments: ["DEL", "SET"])
    func regression(command: String) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            let driver = Driver(bench, identity: .named("host"))
            for _ in 0..<30 {
                let result = await driver.reconciler.pass()
                if result.action == .converged(pending: nil) { break }
            }
            try await bench.send(command == "DEL" ? "DEL outpost:schema:version" : "SET outpost:schema:version 0")
            try await bench.send("DEL outpost:migration:001_hash_tags:state")
            let writes = try await bench.writes()
            for _ in 0..<2 {
                let result = await driver.reconciler.pass()
                guard case .stall(.dataLost, _, _) = result.action else {
                    Issue.record("It did \(result.action).")
                    continue
                }
            }
            let after = try await bench.writes()
            #expect(after == writes)
            await driver.reconciler.close()
        }
    }

    @Test("stalls when everything is gone while it watches, and does not begin anew")
    func flushed() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            let driver = Driver(bench, identity: .named("host"))
            for _ in 0..<30 {
                let result = await driver.reconciler.pass()
                if result.action == .converged(pending: nil) { break }
            }
            try await bench.send("FLUSHALL")
            let result = await driver.reconciler.pass()
            guard case .stall(.dataLost, _, _) = result.action else {
                Issue.record("It did \(result.action).")
                return
            }
            let keys = try await bench.count("*")
            #expect(keys == 0)
            await driver.reconciler.close()
        }
    }

    @Test("two with different identities converge together, and neither fails")
    func together() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<200)
            let before = try await bench.data()
            let drivers = [Driver(bench, identity: .named("one")), Driver(bench, identity: .named("two"))]
            await withTaskGroup(of: Void.self) { group in
                for driver in drivers {
                    group.addTask {
                        let result = await driver.finish(passes: 400)
                        #expect(result.action == .converged(pending: nil), "\(result)")
                    }
                }
            }
            let after = try await bench.data()
            #expect(after.count == before.count)
            #expect(Set(after.values) == Set(before.values))
            let events = drivers.flatMap(\.notes.events)
            #expect(events.filter { $0.kind == .versionRaised }.count == 1)
            #expect(!events.contains { $0.kind == .stalled })
        }
    }

    @Test("a conflict stalls it, and it goes on once a person has settled it and asked to retry")
    func conflict() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            try await bench.send("HSET tenant:{t1}:tenant id t1 name theirs")
            let driver = Driver(bench, identity: .named("host"))
            var action = await driver.reconciler.pass().action
            for _ in 0..<10 {
                if case .stall = action { break }
                action = await driver.reconciler.pass().action
            }
            guard case .stall(.conflictsFound, _, _) = action else {
                Issue.record("It did \(action).")
                return
            }
            let theirs = try await bench.hash("tenant:{t1}:tenant")
            #expect(theirs?["name"] == "theirs")
            await driver.reconciler.close()

            try await bench.send("DEL tenant:{t1}:tenant")
            let result = await Driver(bench, identity: .named("again")).finish()
            #expect(result.action == .converged(pending: nil))
        }
    }

    @Test("waits while the server is gone, and goes on when it is back")
    func unreachable() async throws {
        try await withBench(arguments: ["--appendonly", "yes"]) { bench in
            try await bench.addTenants(0..<5)
            let driver = Driver(bench, identity: .named("host"))
            _ = await driver.reconciler.pass()
            await bench.server.stop()
            var result = await driver.reconciler.pass()
            result = await driver.reconciler.pass()
            guard case .wait(.redisUnreachable, _, _) = result.action else {
                Issue.record("It did \(result.action).")
                return
            }
            try await bench.server.restart()
            let end = await driver.finish()
            #expect(end.action == .converged(pending: nil))
        }
    }

    @Test("does not work on a server that may evict keys")
    func eviction() async throws {
        try await withBench(arguments: ["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"]) { bench in
            try await bench.addTenants(0..<5)
            let writes = try await bench.writes()
            let result = await Driver(bench, identity: .named("host")).reconciler.pass()
            guard case .stall(.evictionPolicy, _, _) = result.action else {
                Issue.record("It did \(result.action).")
                return
            }
            let after = try await bench.writes()
            #expect(after == writes)
        }
    }
}
