import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// What other clients do to the very keys of a batch, between its reading and its EXEC and all the time.
@Suite("Batches among other clients")
struct ConcurrencyTests {
    /// Does something on another connection before the n-th EXEC whose transaction holds a word.
    private static func disturb(
        _ bench: Bench,
        on words: String,
        times: Int = 1,
        _ body: @escaping @Sendable (PlainClient) -> Void
    ) throws -> CommandProxy {
        let client = try PlainClient(bench.server)
        let isArmed = Mutex(false)
        let count = Counter()
        return try CommandProxy(bench.server) { _, command in
            let text = command.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            if text == "MULTI" { isArmed.withLock { $0 = false } }
            if text.hasPrefix(words) { isArmed.withLock { $0 = true } }
            guard text == "EXEC", isArmed.withLock({ $0 }), count.increase() <= times else { return }
            body(client)
        }
    }

    @Test("a source that is written between reading and EXEC is copied as it is then")
    func sourceWritten() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            let proxy = try Self.disturb(bench, on: "COPY tenant:t7 ") { $0.send("HSET tenant:t7 name new") }
            try await bench.apply(on: try await bench.connect(through: proxy))
            let copy = try await bench.hash("tenant:{t7}:tenant")
            #expect(copy == ["id": "t7", "name": "new"])
            let count = try await bench.count("tenant:{*}:tenant")
            #expect(count == 20)
            let result = try await bench.verify()
            #expect(result.problems == [])
            #expect(result.report.counts == ["tenant": [.inSync: 20]])
        }
    }

    @Test("a destination that another client creates between reading and EXEC is not overwritten")
    func destinationCreated() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            let proxy = try Self.disturb(bench, on: "COPY tenant:t7 ") {
                $0.send("HSET tenant:{t7}:tenant id t7 name theirs")
            }
            let state = try await bench.apply(on: try await bench.connect(through: proxy))
            let theirs = try await bench.hash("tenant:{t7}:tenant")
            #expect(theirs == ["id": "t7", "name": "theirs"])
            #expect(state.held?.counts == ["foreign": 1])
            let result = try await bench.verify()
            #expect(result.hasConflicts)
            let version = try await bench.version()
            #expect(version == 0)
        }
    }

    @Test("a source that is deleted between reading and EXEC leaves no copy behind")
    func sourceDeleted() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            let proxy = try Self.disturb(bench, on: "COPY tenant:t7 ") { $0.send("DEL tenant:t7") }
            try await bench.apply(on: try await bench.connect(through: proxy))
            let copies = try await bench.count("tenant:{*}:tenant")
            #expect(copies == 19)
            let result = try await bench.verify()
            #expect(result.problems == [])
        }
    }

    @Test("a source that is written just before cleanup's EXEC stays, with what was written")
    func writtenBeforeCleanup() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            _ = try await bench.verify()
            let proxy = try Self.disturb(bench, on: "UNLINK tenant:t7") { $0.send("HSET tenant:t7 name late") }
            let result = try await bench.cleanup(on: try await bench.connect(through: proxy))
            #expect(result.removed == 19)
            #expect(result.held.counts == ["sourceChanged": 1])
            let left = try await bench.hash("tenant:t7")
            #expect(left == ["id": "t7", "name": "late"])
            let state = try await bench.state()
            #expect(state?.phase == .cleaning)
        }
    }

    @Test("a destination that is deleted just before cleanup's EXEC does not take many sources with it")
    func destinationsDeletedBeforeCleanup() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<40)
            try await bench.apply()
            _ = try await bench.verify()
            let proxy = try Self.disturb(bench, on: "UNLINK tenant:t") { client in
                for number in 0..<40 { client.send("DEL tenant:{t\(number)}:tenant") }
            }
            let result = try await bench.cleanup(on: try await bench.connect(through: proxy))
            let left = try await bench.count("tenant:t*")
            #expect(left == 30)
            #expect(result.held.counts == ["destinationMissing": 30])
        }
    }

    @Test("a key that changes at every EXEC is hot: verify is invalid for now, and its value is never wrong")
    func hot() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            let proxy = try Self.disturb(bench, on: "", times: .max) { $0.send("HINCRBY tenant:t7 visits 1") }
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.apply(on: connection)
            #expect(state.held?.counts == ["hot": 1])
            let copies = try await bench.count("tenant:{*}:tenant")
            #expect(copies == 19)
            let invalid = try await bench.verify(on: connection)
            #expect(invalid.report.hot == 1)
            #expect(!invalid.isValid)
            #expect(!invalid.hasConflicts)
            let applying = try await bench.state()
            #expect(applying?.phase == .applying)

            try await bench.apply()
            let valid = try await bench.verify()
            #expect(valid.problems == [])
            let old = try await bench.hash("tenant:t7")
            let new = try await bench.hash("tenant:{t7}:tenant")
            #expect(old == new)
        }
    }

    @Test("every acknowledged value of many writers ends right")
    func writers() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<200)
            let isOver = Flag()
            let counted = try await withThrowingTaskGroup(of: [Int: Int].self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        try await Self.write(to: bench, as: writer) { isOver.isRaised }
                    }
                }
                try await bench.apply()
                let early = try await bench.verify()
                #expect(!early.hasConflicts)
                isOver.raise()
                return try await group.reduce(into: [:]) { $0.merge($1) { $0 + $1 } }
            }
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [])
            var wrong: [String] = []
            for number in 0..<200 {
                let expected = counted[number, default: 0]
                for key in ["tenant:t\(number)", "tenant:{t\(number)}:tenant"] {
                    let visits = try await bench.hash(key)?["visits"].flatMap { Int($0) } ?? 0
                    if visits != expected { wrong.append("\(key): \(visits), acknowledged \(expected)") }
                }
            }
            #expect(wrong == [])
            #expect(counted.values.reduce(0, +) > 20)
        }
    }

    /// Counts up in random old keys until told to stop; gives how often in each.
    private static func write(
        to bench: Bench,
        as writer: Int,
        until isOver: () -> Bool
    ) async throws -> [Int: Int] {
        let connection = try await bench.connectAsAdministrator()
        var random = UInt64(writer) + 1
        var counted: [Int: Int] = [:]
        while !isOver() {
            // Knuth's MMIX generator: the same keys in every run.
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let number = Int(random >> 33) % 200
            _ = try await connection.send("HINCRBY", "tenant:t\(number)", "visits", "1")
            counted[number, default: 0] += 1
            try await Task.sleep(for: .microseconds(200))
        }
        await connection.close()
        return counted
    }

    @Test("a batch that is tried again counts deleted sources once")
    func retriedDrops() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<12)
            try await bench.apply()
            for number in 0..<8 { try await bench.send("DEL tenant:t\(number)") }
            let proxy = try Self.disturb(bench, on: "UNLINK tenant:{", times: 3) {
                $0.send("HINCRBY tenant:t11 visits 1")
            }
            try await bench.apply(on: try await bench.connect(through: proxy))
            let copies = try await bench.count("tenant:{*}:tenant")
            #expect(copies == 4)
        }
    }

    @Test("a source that becomes a string while it is looked at is not copied")
    func becomesString() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<3)
            let client = try PlainClient(bench.server)
            // Behind the look at types and before the look at content.
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("MEMORY"), words.last == Bytes("tenant:t1") else { return }
                client.send("DEL tenant:t1")
                client.send("SET tenant:t1 text")
            }
            let connection = try await bench.connect(through: proxy)
            try await bench.apply(on: connection)
            let keys = try await bench.data().keys.sorted()
            #expect(
                keys == ["tenant:t0", "tenant:t1", "tenant:t2", "tenant:{t0}:tenant", "tenant:{t2}:tenant"]
            )
        }
    }

    @Test("a copied source that becomes a string while it is looked at does not take its copy's place")
    func copiedBecomesString() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<3)
            try await bench.apply()
            let client = try PlainClient(bench.server)
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("MEMORY"), words.last == Bytes("tenant:t1") else { return }
                client.send("DEL tenant:t1")
                client.send("SET tenant:t1 text")
            }
            try await bench.apply(on: try await bench.connect(through: proxy))
            let copy = try await bench.hash("tenant:{t1}:tenant")
            #expect(copy == ["id": "t1", "name": "n1"])
        }
    }
}
