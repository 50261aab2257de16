import Foundation
import TestSupport
import Testing

/// What the daemon holds resident at most, from its start until a keyspace is migrated.
@Suite("Memory", .serialized)
struct MemoryTests {
    private static let variable = "MIGRATEREDIS_MEMORY_KEYS"
    private static let asked = ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }

    @Test("does not grow with the number of keys")
    func isBounded() async throws {
        // Plan, apply and verify; the rest are walks like these.
        let settings = ["MIGRATEREDIS_SCHEMA_TARGET": "1", "MIGRATEREDIS_RECONCILE_FOLLOW": "0"]
            .merging(["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]) { $1 }
        let small = try await Self.peak(keys: 5000, settings: settings)
        let large = try await Self.peak(keys: 50_000, settings: settings)
        // Ten times the keys: 68 bytes for each of them, less than its two names take, are too much.
        #expect(large - small < 3000, "\(small) KiB for 5,000 keys, \(large) KiB for 50,000")
        #expect(large < 65_536, "\(large) KiB")
    }

    @Test(
        "stays under 64 MiB for as many keys as the variable says",
        .enabled("set MIGRATEREDIS_MEMORY_KEYS, such as 1000000: it takes minutes") { asked != nil }
    )
    func ofMany() async throws {
        let keys = try #require(Self.asked)
        let peak = try await Self.peak(keys: keys, settings: ["MIGRATEREDIS_SCHEMA_TARGET": "3"])
        print("\(keys) keys: \(peak) KiB resident at most (VmHWM)")
        #expect(peak < 65_536, "\(peak) KiB")
    }

    /// The most that was resident, in KiB.
    private static func peak(keys: Int, settings: [String: String]) async throws -> Int {
        var peak = 0
        try await withStage(Keyspace()) { stage in
            try await load(keys, into: stage)
            // A busy machine must not make for small batches.
            let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_BATCH_TIME": "50ms"].merging(settings) { $1 })
            try await daemon.waitForLine("NOTICE converged", timeout: .seconds(60 + keys / 100))
            peak = try residentPeak(of: daemon.pid)
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.text("outpost:schema:version") == settings["MIGRATEREDIS_SCHEMA_TARGET"])
            #expect(try await stage.send("EXISTS", "tenant:{t0}:tenant").integer == 1)
        }
        return peak
    }

    /// A fifth tenants, a fifth summaries, the rest destinations.
    private static func load(_ keys: Int, into stage: Stage) async throws {
        for start in stride(from: 0, to: keys / 5, by: 10_000) {
            var commands = ""
            for number in start..<min(start + 10_000, keys / 5) {
                commands += "HSET tenant:t\(number) id t\(number) created_at 2026-01-02T03:04:05Z\n"
                commands += "HSET tenant:t\(number):destinations d1 {} d2 {} d3 {}\n"
                for destination in ["d1", "d2", "d3"] {
                    let name = "tenant:t\(number):destination:\(destination)"
                    commands += "HSET \(name) id \(destination) created_at 2026-01-02T03:04:05.678Z type webhook\n"
                }
            }
            try await stage.server.load(commands)
        }
    }
}
