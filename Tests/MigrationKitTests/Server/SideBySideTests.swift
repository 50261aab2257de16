import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

@Suite("Loops side by side")
struct SideBySideTests {
    private struct Failure: Error {}

    private static func command(_ words: [String]) -> CommandBuffer {
        var commands = CommandBuffer()
        commands.append(words: words)
        return commands
    }

    @Test("do not wait for one another's requests")
    func atOnce() async throws {
        try await withBench { bench in
            let other = try await bench.connectAsAdministrator()
            let answers = Log()
            try await SideBySide.run(on: [bench.connection, other]) { lane in
                var took = Duration.zero
                // The first waits for what the second brings.
                let words = lane.index == 0 ? ["BLPOP", "gate", "9"] : ["RPUSH", "gate", "open"]
                let reply = try lane.exchange(Self.command(words), answered: &took)[0]
                try lane.inTurn { answers.add("\(lane.index) \(reply.elements.compactMap(\.text))") }
            }
            #expect(Set(answers.lines) == ["1 []", #"0 ["gate", "open"]"#])
            await other.close()
        }
    }

    @Test("take turns: none is within what another does in its own")
    func turns() async throws {
        try await withBench { bench in
            let other = try await bench.connectAsAdministrator()
            let counter = Counted()
            try await SideBySide.run(on: [bench.connection, other]) { lane in
                for _ in 0..<2000 { try lane.inTurn { counter.value += 1 } }
            }
            #expect(counter.value == 4000)
            await other.close()
        }
    }

    @Test("one that fails ends the others before their next turn, and says why")
    func failure() async throws {
        try await withBench { bench in
            let other = try await bench.connectAsAdministrator()
            let answers = Log()
            await #expect(throws: Failure.self) {
                try await SideBySide.run(on: [bench.connection, other]) { lane in
                    var took = Duration.zero
                    if lane.index == 1 {
                        try lane.inTurn { throw Failure() }
                    } else {
                        _ = try lane.exchange(Self.command(["BLPOP", "gate", "0.3"]), answered: &took)
                        try lane.inTurn { answers.add("went on") }
                    }
                }
            }
            #expect(answers.lines == [])
            // Both connections are whole.
            for connection in [bench.connection, other] {
                let reply = try await connection.send("PING")
                #expect(reply.text == "PONG")
            }
            await other.close()
        }
    }

    /// What was said, by any thread.
    private final class Log: Sendable {
        private let said = Mutex<[String]>([])
        var lines: [String] { said.withLock { $0 } }
        func add(_ line: String) { said.withLock { $0.append(line) } }
    }

    /// Counted by whoever is in turn, and by nobody else.
    private final class Counted: @unchecked Sendable {
        var value = 0
    }
}
