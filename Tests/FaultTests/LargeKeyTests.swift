import Foundation
import TestSupport
import Testing

@Suite("Large keys")
struct LargeKeyTests {
    @Test("a record of a hundred thousand fields moves whole, and others are served meanwhile")
    func manyFields() async throws {
        var keyspace = Keyspace(tenants: 2)
        keyspace.addTenant("big")
        try await withStage(keyspace) { stage in
            for start in stride(from: 0, to: 100_000, by: 5000) {
                let fields = (start..<start + 5000).flatMap { ["field\($0)", "value \($0)"] }
                try await stage.send(["HSET", "tenant:big:destinations"] + fields)
            }
            let before = try await stage.snapshot()
            try await stage.send("CONFIG", "SET", "slowlog-log-slower-than", "1000000")
            try await stage.send("SLOWLOG", "RESET")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.snapshot().difference(from: keyspace.expected(after: before)) == nil)
            #expect(try await stage.send("SLOWLOG", "LEN").integer == 0, "no command took a second")
        }
    }

    @Test("a record beyond the limit is held and named, and everything else moves")
    func tooLarge() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("HSET", "tenant:t0:destinations", "x", String(repeating: "y", count: 2_000_000))
            let before = try await stage.snapshot()
            let limit = ["MIGRATEREDIS_LIMITS_KEY_BYTES": "1MiB"]
            let result = try await stage.converge(with: limit)
            #expect(result.exitStatus == 1, "\(result)")
            let held = try await stage.run("status", "--held", "001_hash_tags", with: limit)
            #expect(held.standardOutput.contains("tenant:t0:destinations"), "\(held)")
            #expect(
                try await stage.snapshot().records["tenant:t0:destinations"] == before.records["tenant:t0:destinations"]
            )
            // The failure stays until a person has settled it, and said so.
            let retry = try await stage.run("retry")
            #expect(retry.exitStatus == 0, "\(retry)")
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
            let expected = stage.keyspace.expected(after: before)
            #expect(try await stage.snapshot().difference(from: expected) == nil)
        }
    }

    /// The megabytes of one field, if a person asks for more than takes no time.
    private static let variable = "MIGRATEREDIS_LARGE_FIELD_MB"
    private static let asked = ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }

    @Test("a value beyond the default limit is held; with a greater limit it moves, in four times its memory")
    func largeField() async throws {
        let size = (Self.asked ?? 68) * 1_000_000
        try await withStage(Keyspace(tenants: 2)) { stage in
            let big = "tenant:t0:destinations"
            let value = String(repeating: "y", count: size)
            try await stage.send("HSET", big, "x", value)
            let untended = ["MIGRATEREDIS_SCHEMA_TARGET": "1"]
            let daemon = try await stage.daemon(untended)
            try await daemon.waitForLine("stalled", "reason=ConflictsFound", timeout: .seconds(60))
            #expect(try residentPeak(of: daemon.pid) < 65_536)
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.send("HSTRLEN", big, "x").integer == Int64(size))
            let held = try await stage.run("status", "--held", "001_hash_tags")
            #expect(held.standardOutput.contains(big), "\(held)")

            let retry = try await stage.run("retry")
            #expect(retry.exitStatus == 0, "\(retry)")
            let began = ContinuousClock.now
            let next = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEY_BYTES": "512MiB"])
            if size > 440_000_000 {
                // Its memory is rounded up to more than the greatest limit.
                try await next.waitForLine("stalled", "reason=ConflictsFound", timeout: .seconds(60))
                #expect(await next.stop() == .exited(0))
                #expect(try await stage.send("HSTRLEN", big, "x").integer == Int64(size))
                return
            }
            try await next.waitUntilConverged(timeout: .seconds(120))
            let peak = try residentPeak(of: next.pid)
            print("a field of \(size) bytes: \(peak) KiB resident at most, \(began.duration(to: .now))")
            #expect(peak < 4 * size / 1024 + 65_536, "\(peak) KiB")
            #expect(await next.stop() == .exited(0))
            #expect(try await stage.send("EXISTS", big).integer == 0)
            let moved = try await stage.send("HGET", "tenant:{t0}:destinations", "x")
            #expect(moved.text == value)
        }
    }
}
