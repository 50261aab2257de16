import Foundation
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// Whoever may write the bookkeeping may make it of any size, and of no size.
@Suite("The bookkeeping is read to a bound")
struct BookkeepingReadsTests {
    private static func set(_ bench: Bench, _ key: Bytes, _ value: Bytes) async throws {
        _ = try await bench.connection.send("SET", key, value)
    }

    @Test("An empty document is none of ours, and not as if it were not there")
    func empty() async throws {
        try await withBench { bench in
            var snapshot = try await bench.snapshot()
            #expect(try snapshot.version.get() == 0 && snapshot.lock == .free && snapshot.pause == nil)
            #expect(try snapshot.pin.get() == nil && snapshot.retry == nil && snapshot.states.isEmpty)
            for key in [
                bench.names.version, bench.names.lock, bench.names.pause, bench.names.pin, bench.names.retry,
                bench.names.state(of: bench.migration.name),
            ] {
                try await Self.set(bench, key, [])
            }
            snapshot = try await bench.snapshot()
            #expect(throws: MigrationError.self) { try snapshot.version.get() }
            #expect(snapshot.lock != .free && snapshot.pause == .unreadable && snapshot.retry != nil)
            #expect(throws: MigrationError.self) { try snapshot.pin.get() }
            #expect(throws: MigrationError.self) { try snapshot.state(of: bench.migration.name) }
        }
    }

    @Test("One empty document among others that are there is told apart, and so is one of another type")
    func mixed() async throws {
        try await withBench { bench in
            try await Self.set(bench, bench.names.version, Bytes("1"))
            try await Self.set(bench, bench.names.pause, [])
            try await bench.send("RPUSH outpost:migration:lock x")
            let snapshot = try await bench.snapshot()
            #expect(try snapshot.version.get() == 1 && snapshot.pause == .unreadable && snapshot.retry == nil)
            #expect(try snapshot.pin.get() == nil)
            #expect(snapshot.lock.holder?.text.contains("not a string") == true)
            let orders = try await bench.store.orders(on: bench.migration.name, on: bench.worker)
            #expect(orders.pause == .unreadable && orders.pin == nil && orders.approval == nil)
        }
    }

    @Test("A document longer than 1 MiB is refused with its key and that reason, whatever it holds")
    func tooLong() async throws {
        try await withBench { bench in
            let name = bench.migration.name
            let head = #"{"migration_name":"\#(name)","phase":"planned","format":1,"errors":["#
            func state(of size: Int) -> Bytes {
                Bytes(head + String(repeating: #""e","#, count: (size - head.utf8.count - 5) / 4) + "\"\"]}")
            }
            try await Self.set(bench, bench.names.state(of: name), state(of: 1_000_000))
            let read = try await bench.snapshot().state(of: name)
            #expect(read?.errors.count == 20)

            let long = state(of: 40_000_000)
            for key in [bench.names.state(of: name), bench.names.pause, bench.names.pin, bench.names.retry] {
                try await Self.set(bench, key, long)
            }
            try await Self.set(bench, bench.names.lock, long)
            try await Self.set(bench, bench.names.approval(of: name), long)
            let before = try await Self.sent(by: bench)
            let snapshot = try await bench.snapshot()
            #expect(try await Self.sent(by: bench) - before < 8 << 20)
            for error in [
                #expect(throws: MigrationError.self) { try snapshot.state(of: name) },
                #expect(throws: MigrationError.self) { try snapshot.pin.get() },
            ] {
                #expect(error?.message.contains("longer than 1 MiB") == true, "\(error?.message ?? "")")
            }
            #expect(snapshot.pause == .unreadable && snapshot.retry != nil && snapshot.approvals.isEmpty)
            #expect(snapshot.lock.holder?.text.contains("more than 1 MiB") == true)
        }
    }

    @Test("A lock and an epoch that grow while work goes on end it, and are not read whole")
    func grown() async throws {
        try await withBench { bench in
            for key in [bench.names.lock, bench.names.epoch] {
                let before = try await Self.sent(by: bench)
                let code = await migrationError {
                    try await bench.withLease(as: .named("holder")) { lease in
                        let own = try await bench.connection.send("GET", key).bytes ?? []
                        try await Self.set(bench, key, own + Bytes(repeating: 0x20, count: 40_000_000))
                        try await bench.store.save(
                            MigrationState(migrationName: bench.migration.name, phase: .applying, startedAt: .now),
                            previous: nil,
                            under: lease,
                            on: bench.worker
                        )
                    }
                }
                #expect(code == .fenced || code == .leaseLost)
                #expect(try await Self.sent(by: bench) - before < 16 << 20)
                _ = try await bench.connection.send("DEL", key)
                _ = try await bench.connection.send("DEL", bench.names.lock)
            }
        }
    }

    @Test("An empty lock of Outpost's is held and none is not, and a long one is not read whole")
    func outpostLocks() async throws {
        try await withBench { bench in
            let key = bench.names.outpostLocks[0]
            for (value, isLong) in [(Bytes(), false), (Bytes(repeating: 0x78, count: 40_000_000), true)] {
                try await Self.set(bench, key, value)
                let before = try await Self.sent(by: bench)
                let held = try await bench.snapshot().locks
                #expect(held.outpostHolder != nil && held.outpost[1].holder == .nobody)
                let code = await migrationError { try await bench.withLease(as: .named("holder")) { _ in } }
                #expect(code == .lockHeld)
                #expect(try await Self.sent(by: bench) - before < (isLong ? 8 << 20 : 1 << 20))
            }
            _ = try await bench.connection.send("DEL", key)
            #expect(try await bench.snapshot().locks.holder == nil)
            let isThere = try await bench.withLease(as: .named("holder")) { _ in
                try await bench.connection.send("EXISTS", key).integer
            }
            let isLeft = try await bench.connection.send("EXISTS", key).integer
            #expect(isThere == 1 && isLeft == 0)
        }
    }

    @Test("How high the version was is found in a history of huge entries, page by page, and is a bounded number")
    func highestRaised() async throws {
        try await withBench { bench in
            func add(_ event: String, _ version: String, _ filler: Bytes) async throws {
                let words = ["*", "event", event, Event.Fact.schemaVersion.rawValue, version, "x"].map { Bytes($0) }
                var commands = CommandBuffer()
                commands.append("XADD", [bench.names.history] + words + [filler])
                _ = try await bench.connection.pipeline(commands).unlessError()
            }
            let huge = Bytes(repeating: 0x78, count: 5_000_000)
            #expect(try await bench.store.highestRaised(on: bench.worker) == nil)
            try await add(Event.Kind.versionRaised.rawValue, "2", huge)
            for _ in 0..<8 { try await add("other", "7", huge) }
            for text in ["-1", "007", "99999999999999999999", "x"] {
                try await add(Event.Kind.versionAdopted.rawValue, text, huge)
            }
            #expect(try await bench.store.highestRaised(on: bench.worker) == 2)
            #expect(try await bench.snapshot().raisedBefore == 2)
        }
    }

    @Test(
        "A raise behind a flood of small entries is found in few questions, and behind far more the history is refused"
    )
    func flooded() async throws {
        try await withBench { bench in
            func fill(_ count: Int) async throws {
                var commands = CommandBuffer()
                let filler = Bytes(repeating: 0x78, count: 1200)
                for _ in 0..<count { commands.append("XADD", bench.names.history, Bytes("*"), Bytes("event"), filler) }
                _ = try await bench.connection.pipeline(commands).unlessError()
            }
            let first = ["event", Event.Kind.versionRaised.rawValue, Event.Fact.schemaVersion.rawValue, "2"].map {
                Bytes($0)
            }
            var commands = CommandBuffer()
            commands.append("XADD", [bench.names.history, Bytes("*")] + first)
            _ = try await bench.connection.pipeline(commands).unlessError()
            try await fill(9500)
            let before = try await Self.commands(of: bench)
            #expect(try await bench.store.highestRaised(on: bench.worker) == 2)
            #expect(try await Self.commands(of: bench) - before < 120)
            try await fill(10_000)
            let code = await migrationError { _ = try await bench.store.highestRaised(on: bench.worker) }
            #expect(code == .unreadable)
        }
    }

    @Test(
        "A hash without Outpost's fields in the place of its record is named and left alone",
        arguments: [1, 100_000]
    )
    func recordWithoutStatus(fields: Int) async throws {
        try await withBench { bench in
            let key = bench.names.outpostRecord(of: bench.migration.name)
            var commands = CommandBuffer()
            for first in stride(from: 0, to: fields, by: 1000) {
                let words = (first..<min(first + 1000, fields)).flatMap { [Bytes("f\($0)"), Bytes("v")] }
                commands.append("HSET", [key] + words)
            }
            _ = try await bench.connection.pipeline(commands).unlessError()
            let before = try await Self.sent(by: bench)
            guard case .failure(let error)? = try await bench.snapshot().records[bench.migration.name] else {
                Issue.record("taken for no record")
                return
            }
            #expect(error.code == .unreadable && error.message.contains("has no status"))
            #expect(try await Self.sent(by: bench) - before < 1 << 20)
        }
    }

    @Test("A history of huge entries is read entry by entry, and each is cut")
    func history() async throws {
        try await withBench { bench in
            let huge = Bytes(repeating: 0x78, count: 5_000_000)
            for number in 0..<8 {
                _ = try await bench.connection.send(
                    "XADD",
                    bench.names.history,
                    Bytes("*"),
                    Bytes("event"),
                    Bytes("e\(number)"),
                    Bytes("x"),
                    huge
                )
            }
            let entries = try await bench.store.history(last: 5, on: bench.worker)
            #expect(entries.compactMap { $0.text(of: "event") } == (3..<8).map { "e\($0)" })
            #expect(entries.allSatisfy { $0.text(of: "x")?.utf8.count == HistoryEntry.most.bytes })
            #expect(try await bench.store.history(last: 100, on: bench.worker).count == 8)
        }
    }

    /// How many commands the server has run.
    private static func commands(of bench: Bench) async throws -> Int {
        try await counter("total_commands_processed", of: bench)
    }

    /// How many bytes the server has sent.
    private static func sent(by bench: Bench) async throws -> Int {
        try await counter("total_net_output_bytes", of: bench)
    }

    private static func counter(_ name: String, of bench: Bench) async throws -> Int {
        let info = try await bench.send("INFO stats").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(name):") }
        return Int(line?.split(separator: ":").last ?? "") ?? 0
    }
}
