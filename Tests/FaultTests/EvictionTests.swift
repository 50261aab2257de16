import TestSupport
import Testing

@Suite("A server that may drop keys")
struct EvictionTests {
    @Test(
        "is refused by both programs, whatever its policy: nothing is written, and the way out is told",
        arguments: [
            "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
            "volatile-ttl",
        ]
    )
    func refused(policy: String) async throws {
        try await withStage(Keyspace(tenants: 2), arguments: ["--maxmemory", "100mb", "--maxmemory-policy", policy]) {
            stage in
            let writes = try await stage.writes()
            let result = try await stage.converge()
            #expect(result.exitStatus == 1, "\(result)")
            #expect(result.standardError.contains("noeviction"), "\(result)")
            let daemon = try await stage.daemon()
            try await daemon.waitForLine("stalled", "reason=EvictionPolicy")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.writes() == writes)
            try await stage.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
            #expect(try await stage.converge().exitStatus == 0)
            #expect(try await stage.faultOfConverged() == nil)
        }
    }
}
