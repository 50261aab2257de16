import Foundation
import TestSupport
import Testing

/// The clock by which records end and soaks are measured is the server's, and it is not always right.
@Suite("A clock that jumps")
struct ClockTests {
    /// Where to it jumps, each time by seconds, an hour and a day.
    enum Jump: String, CaseIterable, Sendable {
        case ahead
        case back
        case aheadAndBack
    }

    private static let hour = Duration.seconds(3600)
    private static let day = Duration.seconds(86_400)

    /// Lives of four records each, in milliseconds: some end by themselves, some by the one jump or the other, some never.
    private static let lives: [String: Int64] = [
        "moment": 2500, "minute": 60_000, "halfHour": 1_800_000, "halfDay": 43_200_000, "days": 3 * 86_400_000,
    ]

    @Test(
        "in a phase: what has ended by the server's clock is gone, and everything else as it was, under its new name",
        arguments: Jump.allCases,
        ["apply", "verify", "cleanup"]
    )
    func jumps(jump: Jump, phase: String) async throws {
        var keyspace = Keyspace(tenants: 3)
        for name in Self.lives.keys.sorted() { keyspace.addTenant(name) }
        let clock = try await JumpingClock()
        try await withStage(keyspace, environment: clock.environment) { stage in
            let start = try await stage.time()
            for (tenant, life) in Self.lives {
                let old = "tenant:\(tenant)"
                for name in keyspace.newNames.keys where name == old || name.hasPrefix(old + ":") {
                    try await stage.send("PEXPIREAT", name, "\(start + life)")
                }
            }
            let expected = keyspace.expected(after: try await stage.snapshot())
            let pace = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "60"]
            let daemon = try await stage.daemon(pace.merging(clock.environment) { $1 })
            try await daemon.waitForLine("step started", "phase=\(phase)")
            let directions: [Double] = jump == .ahead ? [1] : jump == .back ? [-1] : [1, -1]
            var latest = start
            for direction in directions {
                for distance in [.seconds(3), Self.hour, Self.day] {
                    // With what passes before the jump.
                    latest = max(latest, try await stage.time() + 100)
                    clock.jump(by: distance * direction)
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            try await daemon.waitUntilConverged()
            latest = max(latest, try await stage.time())
            #expect(await daemon.stop() == .exited(0))

            // What has ended counts as gone once it is asked for.
            try await stage.send(["EXISTS"] + Array(keyspace.newNames.keys) + Array(keyspace.newNames.values))
            let found = try await stage.snapshot()
            let end = try await stage.time()
            for (name, record) in expected.records {
                let mayBeGone = record.expiry >= 0 && record.expiry <= latest
                let mayBeThere = record.expiry < 0 || record.expiry > end
                let isRight = found.records[name].map { $0 == record && mayBeThere } ?? mayBeGone
                #expect(isRight, "\(name) is \(String(describing: found.records[name])), at \(end), and was \(record)")
            }
            for name in found.records.keys { #expect(expected.records[name] != nil, "too many: \(name)") }
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }

    @Test("A soak is over when the server's clock says so; set back meanwhile, it begins anew and lasts no longer")
    func soak() async throws {
        let clock = try await JumpingClock()
        try await withStage(Keyspace(tenants: 2), environment: clock.environment) { stage in
            // What applications do while their server's clock is wrong.
            clock.jump(by: Self.day)
            let daemon = try await stage.daemon([
                "MIGRATEREDIS_CLEANUP_SOAK": "1h", "MIGRATEREDIS_RECONCILE_FOLLOW": "1s",
            ])
            try await daemon.waitForLine("converged", "reason=CleanupPending")
            clock.jump(by: .zero - Self.day)
            try await followed(stage)
            clock.jump(by: .seconds(3400))
            try await followed(stage)
            #expect(try await stage.phase() == "verified")
            clock.jump(by: .seconds(300))
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    /// Waits for two catch-ups by the clock as it is: after the first one the daemon has decided anew.
    private func followed(_ stage: Stage) async throws {
        for _ in 0..<2 {
            let now = try await stage.time()
            try await eventually(timeout: .seconds(20), "a catch-up") {
                let last = try await stage.state()?["followed_at_ms"] as? Int64 ?? 0
                return last > now && last < now + 60_000
            }
        }
    }

    @Test("A lock whose holder is dead is taken over as soon as else, although it has got a day more to live")
    func abandonedLock() async throws {
        let clock = try await JumpingClock()
        try await withStage(environment: clock.environment) { stage in
            let times = [
                "MIGRATEREDIS_LOCK_TTL": "10s", "MIGRATEREDIS_LOCK_STALE_AFTER": "1500ms",
                "MIGRATEREDIS_LOCK_RENEW_INTERVAL": "200ms",
            ]
            let dead = try await stage.daemon(Stage.slow.merging(times) { $1 })
            try await dead.waitForLine("step started", "phase=apply")
            dead.signal(SIGKILL)
            try await dead.waitForExit()
            // As if it had died on another host, whose processes nobody here can see.
            let text = try #require(try await stage.text("outpost:migration:lock"))
            let boot = try #require(try await stage.lock()?["boot_id"] as? String)
            let elsewhere = text.replacing(boot, with: "elsewhere")
            try await stage.send("SET", "outpost:migration:lock", elsewhere, "KEEPTTL")
            clock.jump(by: .zero - Self.day)
            #expect(try await stage.send("PTTL", "outpost:migration:lock").integer ?? 0 > 80_000_000)
            let next = try await stage.daemon(times)
            try await next.waitUntilConverged(timeout: .seconds(20))
            #expect(await next.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
        }
    }
}
