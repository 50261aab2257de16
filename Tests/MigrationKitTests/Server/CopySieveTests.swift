import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// Questions are saved about names that look like copies; what is none must be found all the same.
@Suite("Names that look like copies")
struct CopySieveTests {
    @Test("an old key under the new name of another one is held, and so is that other one")
    func refuted() async throws {
        try await withBench { bench in
            // There is no record of the tenant x, so the name is the tenant {x}'s: or another tool made it from x's old key.
            try await bench.send("HSET tenant:x:destinations d ofX")
            try await bench.send("HSET tenant:{x} id {x}")
            try await bench.send("HSET tenant:{x}:destinations d ofBraces")
            let before = try await bench.data()
            for _ in 0..<2 {
                try await bench.apply()
                let result = try await bench.verify()
                #expect(result.hasConflicts && result.report.count(of: .collision) == 1)
                #expect(result.report.ambiguous == 1)
                let after = try await bench.data().filter { $0.key != "tenant:{{x}}:tenant" }
                #expect(after == before)
            }
            let version = try await bench.version()
            #expect(version == 0)
        }
    }

    @Test("what was copied from a name that nothing decides any more is removed, and not taken for new")
    func unproven() async throws {
        try await withBench { bench in
            try await bench.send("HSET tenant:{x} id {x}")
            try await bench.send("HSET tenant:{x}:destination:d id d")
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.problems == [])
            try await bench.send("DEL tenant:{x}")
            _ = try await bench.cleanup()
            let old = try await bench.hash("tenant:{x}:destination:d")
            #expect(old == nil || old == [:])
            let moved = try await bench.hash("tenant:{{x}}:destination:d")
            #expect(moved == ["id": "d"])
        }
    }
}
