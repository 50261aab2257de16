import Foundation
import RedisClient
import TestSupport
import Testing

/// Keys whose number is small and whose bytes are many.
@Suite("Bytes, not counts", .serialized)
struct BytesTests {
    /// The most that either program may hold resident, in KiB.
    private static let most = 131_072

    private static let untended = ["MIGRATEREDIS_SCHEMA_TARGET": "1"]

    /// A name with as many readings as are looked at.
    private static func longName(_ number: Int, bytes: Int) -> String {
        "tenant:{\(number)" + String(repeating: "p", count: bytes) + "}"
            + String(repeating: ":destination:", count: 16) + "z"
    }

    @Test(
        "of long names are not asked about: they are held, and the rest goes on in little memory",
        arguments: [(20, 1_000_000), (300, 100_000), (600, 5000)]
    )
    func longNames(_ count: Int, _ bytes: Int) async throws {
        try await withStage(Keyspace(tenants: 30)) { stage in
            for number in 0..<count {
                try await stage.send("HSET", Self.longName(number, bytes: bytes), "id", "x")
            }
            let plan = try await stage.run("plan", "001_hash_tags", timeout: .seconds(120))
            #expect(plan.standardOutput.contains("tooLong  \(count)"), "\(plan)")
            let daemon = try await stage.daemon(Self.untended)
            try await daemon.waitForLine("stalled", "reason=ConflictsFound", timeout: .seconds(120))
            let peak = try residentPeak(of: daemon.pid)
            #expect(peak < Self.most, "\(peak) KiB")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.text("outpost:schema:version") == nil, "what is held keeps the version")
            #expect(try await stage.send("EXISTS", "tenant:{t7}:tenant").integer == 1)
            let held = try await stage.run("status", "--held", "001_hash_tags", timeout: .seconds(120))
            #expect(held.exitStatus == 1 || held.exitStatus == 0, "\(held)")
            #expect(held.standardOutput.split(separator: "\n").count { $0.hasPrefix("tooLong") } == count)
            #expect(held.standardOutput.utf8.count < count * 1000, "names are cut")

            for number in 0..<count { try await stage.send("UNLINK", Self.longName(number, bytes: bytes)) }
            #expect(try await stage.run("retry").exitStatus == 0)
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("of names that are nobody's are passed over")
    func longForeignNames() async throws {
        var keyspace = Keyspace(tenants: 20)
        keyspace.addForeign((0..<30).map { ["SET", "x\($0)" + String(repeating: "y", count: 1_000_000), "v"] })
        try await withStage(keyspace) { stage in
            let plan = try await stage.run("plan", "001_hash_tags")
            #expect(plan.exitStatus == 0, "\(plan)")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("of a record that the server underrates are counted, and it is held")
    func underrated() async throws {
        try await withStage(Keyspace(tenants: 12)) { stage in
            let key = "tenant:t3:destinations"
            let large = try await Self.underrate(key, on: stage)
            let plan = try await stage.run("plan", "001_hash_tags")
            #expect(plan.exitStatus == 0, "a first plan reads no record: \(plan)")
            let daemon = try await stage.daemon(Self.untended)
            try await daemon.waitForLine("stalled", "reason=ConflictsFound", timeout: .seconds(120))
            let peak = try residentPeak(of: daemon.pid)
            #expect(peak < Self.most, "\(peak) KiB")
            #expect(await daemon.stop() == .exited(0))
            #expect(!daemon.standardError.contains("waiting"), "\(daemon.standardError)")
            let held = try await stage.run("status", "--held", "001_hash_tags")
            #expect(held.standardOutput.contains("tooLarge  \(key)"), "\(held)")
            let copies = try await stage.send("EXISTS", "tenant:{t3}:destinations", "tenant:{t3}:tenant").integer
            #expect(copies == 1, "all but the large one are copied")
            #expect(try await stage.text("outpost:schema:version") == nil)

            try await stage.send(["HDEL", key] + large)
            #expect(try await stage.run("retry").exitStatus == 0)
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
            #expect(try await stage.send("HLEN", "tenant:{t3}:destinations").integer == 3002)
        }
    }

    @Test("of a record that grew after its copy are counted too: it is held by verify, catch-up and cleanup")
    func grownAfterwards() async throws {
        try await withStage(Keyspace(tenants: 12)) { stage in
            let settings = Self.untended.merging(["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]) { $1 }
            let first = try await stage.run(["converge"], with: Stage.untended.merging(settings) { $1 })
            #expect(first.exitStatus == 0, "\(first)")
            let key = "tenant:{t3}:destinations"
            try await Self.underrate(key, on: stage)
            for command in [["apply", "--yes"], ["cleanup", "--yes"], ["verify"]] {
                let result = try await stage.run(command + ["-migration", "001_hash_tags"], timeout: .seconds(120))
                #expect(result.exitStatus == 0 || result.exitStatus == 1, "\(command): \(result)")
                let isNamed = "\(result)".contains("tooLarge") || "\(result)".contains("larger than")
                #expect(isNamed, "\(command): \(result)")
            }
            #expect(try await stage.send("EXISTS", "tenant:t3:destinations").integer == 1, "its old key stays")
            #expect(try await stage.send("HLEN", key).integer == 3007)
        }
    }

    /// Makes a hash of 150 MB of which MEMORY USAGE, by five of its fields, says that it has 200 kB; returns the large fields.
    @discardableResult
    private static func underrate(_ key: String, on stage: Stage) async throws -> [String] {
        let value = String(repeating: "y", count: 30_000_000)
        try await stage.send(["HSET", key] + (0..<3000).flatMap { ["f\($0)", "v"] })
        // Which five it looks at follows from the names, by hashes of which each server has its own.
        for attempt in 0..<10 {
            let names = (0..<5).map { "big\(attempt)-\($0)" }
            for name in names { try await stage.send("HSET", key, name, value) }
            if try await stage.send("MEMORY", "USAGE", key).integer ?? 0 < 10_000_000 { return names }
            try await stage.send(["HDEL", key] + names)
        }
        throw TestSupportError("MEMORY USAGE never underrates \(key).")
    }
}
