import Foundation
import MigrationKit
import Migrations
import RedisClient
import TestSupport
import Testing

/// Rewrites ask as little as tells what a key is: what is something else must be found all the same, with a ledger of an
/// earlier migration and without.
@Suite("What rewrites look at")
struct RewriteLookTests {
    private static let time = "2024-01-02T03:04:05.678901234Z"
    private static let milliseconds = "1704164645678"

    private func withVersion1(ledger: Bool, _ body: (Bench) async throws -> Void) async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:a id a created_at \(Self.time)")
            if ledger {
                try await bench.apply()
                _ = try await bench.verify()
            } else {
                try await bench.send("RENAME tenant:a tenant:{a}:tenant")
                try await bench.send("SET outpost:schema:version 1")
            }
            try await body(bench)
        }
    }

    @Test("an old name that looks like a new one is left alone, in plan, apply and verify", arguments: [true, false])
    func refuted(ledger: Bool) async throws {
        try await withVersion1(ledger: ledger) { bench in
            try await bench.send("HSET tenant:{x}:tenant id {x}:tenant created_at \(Self.time)")
            // Nor is one that only the record of its tenant, with braces in its id, tells.
            try await bench.send("HSET tenant:{y} id {y} created_at \(Self.time)")
            try await bench.send("HSET tenant:{y}:destination:d id d created_at \(Self.time)")
            let plan = try await bench.runner().plan(Timestamps())
            #expect(plan.report.rewrites["tenant"]?.changed == 1 && plan.report.rewrites.count == 1)
            try await bench.withLease { lease in
                let state = try await bench.runner().apply(Timestamps(), under: lease)
                #expect(state.report?.written == 1 && state.report?.rewrites["tenant"]?.total == 1)
                let result = try await bench.runner().verify(Timestamps(), under: lease)
                #expect(result.problems == [] && result.report.rewrites["tenant"]?.done == 1)
                #expect(result.report.rewrites.count == 1)
            }
            for key in ["tenant:{x}:tenant", "tenant:{y}", "tenant:{y}:destination:d"] {
                let hash = try await bench.hash(key)
                #expect(hash?["created_at"] == Self.time, "\(key)")
            }
        }
    }

    @Test("a key of another type under a name that fits counts as unrelated", arguments: [true, false])
    func otherType(ledger: Bool) async throws {
        try await withVersion1(ledger: ledger) { bench in
            try await bench.send("SET tenant:{s}:tenant text")
            let plan = try await bench.runner().plan(Timestamps())
            #expect(plan.report.unrelatedSamples == ["tenant:{s}:tenant"])
            try await bench.withLease { lease in
                let state = try await bench.runner().apply(Timestamps(), under: lease)
                #expect(state.report?.written == 1 && state.report?.unrelatedSamples == ["tenant:{s}:tenant"])
                let result = try await bench.runner().verify(Timestamps(), under: lease)
                #expect(result.problems == [] && result.report.unrelatedSamples == ["tenant:{s}:tenant"])
            }
        }
    }

    @Test("a record without any of the fields that are asked gets its entity", arguments: [true, false])
    func noField(ledger: Bool) async throws {
        try await withVersion1(ledger: ledger) { bench in
            try await bench.send("SET outpost:schema:version 2")
            try await bench.send("HSET tenant:{n}:destination:d name x")
            for expected in [(2, 0), (0, 2)] {
                let state = try await bench.withLease { try await bench.runner().apply(Entity(), under: $0) }
                #expect(state.report?.written == expected.0)
                let done = state.report?.rewrites.values.reduce(0) { $0 + $1.done }
                #expect(done == expected.1)
            }
            let hash = try await bench.hash("tenant:{n}:destination:d")
            #expect(hash == ["name": "x", "entity": "destination"])
        }
    }

    @Test("a record that goes between the listing and the look is not made anew", arguments: [true, false])
    func vanished(ledger: Bool) async throws {
        try await withVersion1(ledger: ledger) { bench in
            try await bench.send("SET outpost:schema:version 2")
            try await bench.send("HSET tenant:{v}:tenant id v")
            let client = try PlainClient(bench.server)
            let hasStruck = Flag()
            // The first question about the key itself is that of the look.
            let question = Bytes(ledger ? "HGETALL" : "HMGET")
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == question, words[1] == Bytes("tenant:{v}:tenant"), !hasStruck.isRaised else {
                    return
                }
                hasStruck.raise()
                client.send("DEL tenant:{v}:tenant")
            }
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.withLease(on: connection) { lease in
                try await bench.runner(on: connection).apply(Entity(), under: lease)
            }
            #expect(hasStruck.isRaised && state.report?.written == 1)
            let exists = try await bench.send("EXISTS tenant:{v}:tenant").integer
            #expect(exists == 0)
        }
    }

    @Test("a record without any of the fields that goes between two looks is not made anew")
    func vanishedWithoutFields() async throws {
        try await withVersion1(ledger: false) { bench in
            try await bench.send("SET outpost:schema:version 2")
            try await bench.send("HSET tenant:{v}:destination:d name x")
            let client = try PlainClient(bench.server)
            let hasStruck = Flag()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("EXISTS"), words.dropFirst() == [Bytes("tenant:{v}:destination:d")],
                    !hasStruck.isRaised
                else { return }
                hasStruck.raise()
                client.send("DEL tenant:{v}:destination:d")
            }
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.withLease(on: connection) { lease in
                try await bench.runner(on: connection).apply(Entity(), under: lease)
            }
            #expect(hasStruck.isRaised && state.report?.written == 1)
            let exists = try await bench.send("EXISTS tenant:{v}:destination:d").integer
            #expect(exists == 0)
        }
    }

    @Test("a record that is about to end keeps its end; one that is compared with a ledger's is left to it")
    func ending() async throws {
        for ledger in [true, false] {
            try await withVersion1(ledger: ledger) { bench in
                try await bench.send("HSET tenant:{e}:tenant id e created_at \(Self.time)")
                try await bench.send("PEXPIRE tenant:{e}:tenant 4000")
                let end = try await bench.expiry("tenant:{e}:tenant")
                let state = try await bench.withLease { try await bench.runner().apply(Timestamps(), under: $0) }
                #expect(state.report?.written == (ledger ? 1 : 2))
                #expect(state.report?.rewrites["tenant"]?.expiring == (ledger ? 1 : 0))
                let hash = try await bench.hash("tenant:{e}:tenant")
                #expect(hash?["created_at"] == (ledger ? Self.time : Self.milliseconds))
                let after = try await bench.expiry("tenant:{e}:tenant")
                #expect(after == end)
                try await bench.withLease { lease in
                    let result = try await bench.runner().verify(Timestamps(), under: lease)
                    #expect(result.problems == [])
                }
            }
        }
    }

    @Test("a record that ends between the look and the write is not made anew")
    func ended() async throws {
        try await withVersion1(ledger: false) { bench in
            try await bench.send("HSET tenant:{e}:tenant id e created_at \(Self.time)")
            let client = try PlainClient(bench.server)
            let hasStruck = Flag()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard !hasStruck.isRaised, words.contains(Bytes("tenant:{e}:tenant")) else { return }
                if words[0] == Bytes("WATCH") { client.send("PEXPIRE tenant:{e}:tenant 2000") }
                if words[0] == Bytes("HSET") {
                    hasStruck.raise()
                    Thread.sleep(forTimeInterval: 2.4)
                }
            }
            let connection = try await bench.connect(through: proxy)
            let state = try await bench.withLease(on: connection) { lease in
                try await bench.runner(on: connection).apply(Timestamps(), under: lease)
            }
            #expect(hasStruck.isRaised && state.report?.written == 1)
            let exists = try await bench.send("EXISTS tenant:{e}:tenant").integer
            #expect(exists == 0)
        }
    }

    @Test("the server's promises: EXEC fails where a watched key has ended, and time stands still while it runs")
    func ends() async throws {
        try await withBench { bench in
            // In one request: the server removes nothing of its own accord between its commands.
            let pause = """
                local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
                local e = now() + 100 while now() < e do end return 'paused'
                """
            let before = ["HSET k a 1", "PEXPIRE k 50", "WATCH k", "HMGET k a"]
            let ended = try await replies(bench, before, pause: pause, ["MULTI", "HSET k b 2", "EXEC", "EXISTS k"])
            #expect(ended[4].text == "paused")
            #expect(ended[3].elements.map(\.text) == ["1"])
            #expect(ended[7].isNull && ended[8].integer == 0)

            let after = ["HSET k b 2", "PTTL k", "EXEC", "PTTL k"]
            let standing = try await replies(bench, before + ["MULTI"], pause: pause, after)
            let results = standing[8].elements.map(\.self)
            #expect(results.count == 3 && (results.last?.integer ?? -1) >= 0)
            #expect(standing[9].integer == -2)
        }
    }

    private func replies(_ bench: Bench, _ before: [String], pause: String, _ after: [String]) async throws -> Replies {
        var commands = CommandBuffer()
        for command in before { commands.append(words: command.split(separator: " ").map(String.init)) }
        commands.append("EVAL", pause, "0")
        for command in after { commands.append(words: command.split(separator: " ").map(String.init)) }
        return try await bench.connection.pipeline(commands)
    }

    @Test("the size of a hash counts only where all of it is read, for a ledger")
    func size() async throws {
        let limits = Limits(keyBytes: 10_000)
        for ledger in [true, false] {
            try await withVersion1(ledger: ledger) { bench in
                let text = String(repeating: "x", count: 20_000)
                try await bench.send("HSET tenant:{big}:tenant id big created_at \(Self.time) text \(text)")
                let state = try await bench.withLease { lease in
                    try await bench.runner(limits: limits).apply(Timestamps(), under: lease)
                }
                #expect(state.report?.written == (ledger ? 1 : 2))
                #expect(state.held?.counts == (ledger ? ["tooLarge": 1] : nil))
                let hash = try await bench.hash("tenant:{big}:tenant")
                #expect(hash?["created_at"] == (ledger ? Self.time : Self.milliseconds))
            }
        }
    }

    @Test("what is converted already is read and not watched; nothing is asked when it ends")
    func glances() async throws {
        try await withVersion1(ledger: false) { bench in
            for index in 0..<200 { try await bench.send("HSET tenant:{t\(index)}:tenant id t\(index) created_at 17") }
            _ = try await bench.withLease { try await bench.runner().apply(Timestamps(), under: $0) }
            try await bench.send("CONFIG RESETSTAT")
            let result = try await bench.withLease { try await bench.runner().verify(Timestamps(), under: $0) }
            #expect(result.problems == [] && result.report.compared == 201)
            // Before a raise the history is asked for its size, and of the data nothing is.
            for (command, most) in [("hmget", 210), ("pttl", 40), ("watch", 30), ("memory|usage", 1), ("hget", 0)] {
                let calls = try await bench.calls(of: command)
                #expect(calls <= most, "\(command)")
            }
        }
    }
}
