import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("Large hashes in slices")
struct SliceTests {
    private static let old = "tenant:big:destinations"
    private static let new = "tenant:{big}:destinations"
    private static let fields = 20_000

    private static func addLarge(_ bench: Bench) async throws {
        for start in stride(from: 0, to: fields, by: 1000) {
            let words = (start..<start + 1000).map { "field\($0) value\($0)" }.joined(separator: " ")
            try await bench.send("HSET \(old) \(words)")
        }
        try await bench.send("HSET tenant:big id big")
    }

    @Test("no phase reads one in one piece, and all find and do what they do with small ones")
    func phases() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<5)
            try await Self.addLarge(bench)
            let content = try await bench.hash(Self.old)
            try await bench.send("CONFIG RESETSTAT")
            // In one piece means: by its name. A destination that is not there yet is asked for as any other.
            let oldWhole = Counter()
            let newWhole = Counter()
            let slices = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words == [Bytes("HGETALL"), Bytes(Self.old)] { oldWhole.increase() }
                if words == [Bytes("HGETALL"), Bytes(Self.new)] { newWhole.increase() }
                if words.first == Bytes("HSCAN") { slices.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            let plan = try await bench.runner(on: connection).plan(bench.migration)
            #expect(plan.report.count(of: .uncopied) == 7 && plan.report.held.total == 0)
            let seen = slices.value
            #expect(seen >= 10)
            try await bench.apply(on: connection)
            let before = newWhole.value
            let result = try await bench.verify(on: connection)
            #expect(result.problems == [] && result.report.count(of: .inSync) == 7)
            let copy = try await bench.hash(Self.new)
            #expect(copy == content)
            let cleaned = try await bench.cleanup(on: connection)
            #expect(cleaned.removed == 7 && cleaned.held.total == 0)
            #expect(oldWhole.value == 0 && newWhole.value == before && slices.value >= 5 * seen)
            await connection.close()
        }
    }

    @Test(
        "one difference in twenty thousand fields is found: on the old side it is copied over, on the new side it is left"
    )
    func differences() async throws {
        try await withBench { bench in
            try await Self.addLarge(bench)
            try await bench.apply()
            try await bench.send("HSET \(Self.old) field7777 other")
            let again = try await bench.apply()
            #expect(again.report?.count(of: .sourceChanged) == 1 && again.report?.written == 1)
            let value = try await bench.send("HGET \(Self.new) field7777").text
            #expect(value == "other")
            try await bench.send("HDEL \(Self.new) field3")
            let last = try await bench.apply()
            #expect(last.report?.count(of: .inUse) == 1 && last.report?.written == 0)
            // Fields and values are not mixed up.
            try await bench.send("HDEL \(Self.old) field1 field2")
            try await bench.send("HSET \(Self.old) field1 value2 field2 value1")
            let diverged = try await bench.apply()
            #expect(diverged.report?.count(of: .diverged) == 1)
        }
    }

    @Test("what changes between two slices is read again, in one piece, and is copied as it is then")
    func changes() async throws {
        try await withBench { bench in
            try await Self.addLarge(bench)
            let client = try PlainClient(bench.server)
            let slices = Counter()
            let whole = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("HGETALL"), words[1] == Bytes(Self.old) { whole.increase() }
                guard words.first == Bytes("HSCAN") else { return }
                slices.increase()
                if slices.value == 5 { client.send("HSET \(Self.old) field1 later") }
            }
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.apply(on: connection)
            #expect(state.held == nil && whole.value == 1)
            let value = try await bench.send("HGET \(Self.new) field1").text
            #expect(value == "later")
            let result = try await bench.verify()
            #expect(result.problems == [])
            await connection.close()
        }
    }

    @Test("one that vanishes or becomes another type between two slices is not copied", arguments: [false, true])
    func goes(becomesString: Bool) async throws {
        try await withBench { bench in
            try await Self.addLarge(bench)
            let client = try PlainClient(bench.server)
            let slices = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("HSCAN") else { return }
                slices.increase()
                guard slices.value == 5 else { return }
                client.send("DEL \(Self.old)")
                if becomesString { client.send("SET \(Self.old) text") }
            }
            let connection = try await bench.connect(through: proxy)
            try await bench.apply(on: connection)
            let copies = try await bench.count(Self.new)
            #expect(copies == 0)
            await connection.close()
        }
    }

    @Test("a user of a rule without these commands has them read in one piece")
    func refused() async throws {
        try await withBench { bench in
            try await Self.addLarge(bench)
            try await bench.send("ACL SETUSER \(LeastPrivilege.user) -hscan -hlen")
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [])
            let cleaned = try await bench.cleanup()
            #expect(cleaned.removed == 2)
        }
    }

    @Test("an order to stop is obeyed between two slices")
    func stops() async throws {
        try await withBench { bench in
            try await Self.addLarge(bench)
            let asked = Flag()
            let slices = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("HSCAN") else { return }
                slices.increase()
                if slices.value == 3 { asked.raise() }
            }
            let connection = try await bench.connect(through: proxy)
            let code = await migrationError {
                _ = try await bench.runner(on: connection, shouldStop: { asked.isRaised }).plan(bench.migration)
            }
            #expect(code == .interrupted && slices.value < 6)
            // Nothing is watched any more.
            await connection.close()
        }
    }
}
