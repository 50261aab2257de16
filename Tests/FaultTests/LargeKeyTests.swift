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
}
