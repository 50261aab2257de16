import TestSupport
import Testing

/// The orders of an incident, on a server that stores nothing any more.
@Suite("A server without memory")
struct OutOfMemoryTests {
    private static let gated = [
        "MIGRATEREDIS_CLEANUP_APPROVAL": "required", "MIGRATEREDIS_RECONCILE_INTERVAL": "1h",
    ]

    private func fill(_ stage: Stage) async throws {
        try await stage.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try await stage.send("CONFIG", "SET", "maxmemory", "1mb")
    }

    @Test("pauses daemons by a message, and resume ends that")
    func pause() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let daemon = try await stage.daemon(Self.gated)
            _ = try await daemon.waitForLine("converged", "CleanupPending")
            try await eventually("it listens") {
                try await stage.send("PUBSUB", "NUMSUB", "outpost:migration:wake").elements.compactMap(\.integer).last
                    == 1
            }
            try await fill(stage)
            let pause = try await stage.run("pause", "--reason", "full")
            #expect(pause.exitStatus == 0, "\(pause)")
            #expect(
                pause.standardError.contains("out of memory") && pause.standardError.contains("1 listener was told")
            )
            let line = try await daemon.waitForLine("waiting", "reason=Paused")
            #expect(line.contains("full"), "\(line)")
            #expect(try await stage.text("outpost:migration:pause") == nil)

            let resume = try await stage.run("resume")
            #expect(resume.exitStatus == 0, "\(resume)")
            try await eventually("it goes on") { daemon.lines("converged", "CleanupPending").count == 2 }

            // A pause that is stored is ended, too, and a new one is heard while there is memory.
            try await stage.send("CONFIG", "SET", "maxmemory", "0")
            #expect(try await stage.run("pause").exitStatus == 0)
            try await eventually("it pauses again") { daemon.lines("waiting", "reason=Paused").count == 2 }
            try await fill(stage)
            let again = try await stage.run("resume")
            #expect(again.exitStatus == 0, "\(again)")
            #expect(try await stage.text("outpost:migration:pause") == nil)
            try await eventually("it goes on again") { daemon.lines("converged", "CleanupPending").count == 3 }
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("says so where nobody hears a pause, and lets a pause of a while end by itself")
    func unheard() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await fill(stage)
            let pause = try await stage.run("pause")
            #expect(pause.exitStatus == 69, "\(pause)")
            #expect(pause.standardError.contains("systemctl stop migrateredisd"), "\(pause)")
            let pin = try await stage.run("pin", "1")
            #expect(pin.exitStatus == 69 && pin.standardError.contains("maxmemory"), "\(pin)")
        }
    }

    @Test("gives up a lock, whose holder then stops")
    func unlock() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let holder = try await stage.start("apply", "001_hash_tags", "-auto-approve", with: Stage.slow)
            try await eventually("the lock is taken") { try await stage.lock() != nil }
            try await fill(stage)
            let unlock = try await stage.run("unlock", "--force")
            #expect(unlock.exitStatus == 0, "\(unlock)")
            #expect(try await stage.lock() == nil)
            try await stage.send("CONFIG", "SET", "maxmemory", "0")
            let end = try await holder.waitForExit(timeout: .seconds(60))
            #expect(end != .exited(0), "a holder whose lock is gone must not call itself done")
        }
    }
}
