import MigrationKit
import RedisClient
import TestSupport
import Testing

/// Old keys that are gone before the raise: deletes by the application, or lost data.
@Suite("Vanished sources")
struct VanishedSourceTests {
    @Test("too many stall, and no try drops even one of their copies")
    func manyTries() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<100)
            try await bench.apply()
            for number in 0..<30 { try await bench.send("UNLINK tenant:t\(number)") }
            for _ in 0..<3 {
                let verify = await migrationError { _ = try await bench.verify() }
                // After an apply that broke off there is nothing to verify.
                #expect(verify == .sourcesDisappeared || verify == .wrongPhase)
                let apply = await migrationError { try await bench.apply() }
                #expect(apply == .sourcesDisappeared)
                let copies = try await bench.count("tenant:{*")
                #expect(copies == 100)
            }
            let version = try await bench.version()
            #expect(version == 0)
        }
    }

    @Test("too many stall again, however far the checkpoint of the try before had come")
    func behindTheCheckpoint() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<400)
            try await bench.apply()
            for number in 0..<100 { try await bench.send("UNLINK tenant:t\(number)") }
            // Slow enough for a checkpoint in the middle.
            let slow = Limits(batchTime: .seconds(1), keysPerSecond: 250)
            for limits in [slow, Limits(batchTime: .seconds(1))] {
                let code = await migrationError {
                    try await bench.withLease { lease in
                        _ = try await bench.runner(limits: limits).apply(bench.migration, under: lease)
                    }
                }
                #expect(code == .sourcesDisappeared)
            }
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 400)
        }
    }

    @Test("a few take their copies with them")
    func few() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<100)
            try await bench.apply()
            for number in 0..<5 { try await bench.send("UNLINK tenant:t\(number)") }
            let result = try await bench.verify()
            #expect(result.isValid)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 95)
        }
    }

    @Test("a batch that is tried again counts none of them twice")
    func triedAgain() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            // Ten would be few; eight counted twice would not.
            for number in 0..<8 { try await bench.send("UNLINK tenant:t\(number)") }
            let client = try PlainClient(bench.server)
            let isArmed = Flag()
            let strikes = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("HMGET") { isArmed.raise() }
                guard words.first == Bytes("EXEC"), isArmed.isRaised, strikes.value < 3 else { return }
                // Every batch of the walk watches at least one of these.
                for number in 0..<20 { client.send("HSET tenant:{t\(number)}:tenant moved \(strikes.value)") }
                for number in 0..<20 { client.send("HDEL tenant:{t\(number)}:tenant moved") }
                strikes.increase()
            }
            let connection = try await bench.connect(through: proxy)
            let result = try await bench.verify(on: connection)
            #expect(result.problems == [])
            #expect(strikes.value == 3)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 12)
        }
    }

    @Test("one that came back as another type is gone all the same, and what took its name stays")
    func anotherType() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<20)
            try await bench.apply()
            try await bench.send("UNLINK tenant:t3")
            try await bench.send("SET tenant:t3 text")
            let result = try await bench.verify()
            #expect(result.isValid)
            let copy = try await bench.hash("tenant:{t3}:tenant")
            #expect(copy == nil)
            let text = try await bench.send("GET tenant:t3").text
            #expect(text == "text")
        }
    }
}
