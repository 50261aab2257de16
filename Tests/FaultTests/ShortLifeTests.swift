import Foundation
import TestSupport
import Testing

@Suite("Records that end during the migration")
struct ShortLifeTests {
    @Test("end on both sides, whenever it is, and none comes back or loses its end")
    func ends() async throws {
        try await withStage { stage in
            // From one millisecond to the length of the whole run, so that ends fall between all steps.
            let lives = (0..<60).map { $0 == 0 ? 1 : $0 * 200 }
            for (number, life) in lives.enumerated() {
                let key = "tenant:short\(number)"
                try await stage.send("HSET", key, "id", "short\(number)")
                try await stage.send("PEXPIRE", key, "\(life)")
            }
            let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "60"])
            let end = ContinuousClock.now + .milliseconds(lives.max() ?? 0)
            while ContinuousClock.now < end {
                let names = try await stage.snapshot().records.filter { $0.key.contains("short") }
                for (name, record) in names { #expect(record.expiry > 0, "\(name) has lost its end") }
                try await Task.sleep(for: .milliseconds(100))
            }
            try await daemon.waitUntilConverged(timeout: .seconds(60))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }
}
