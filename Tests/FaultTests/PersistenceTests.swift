import TestSupport
import Testing

@Suite("A server that comes back")
struct PersistenceTests {
    /// What it has kept.
    enum Kind: String, CaseIterable, Sendable {
        case aofAlways
        case aofEverySecond
        case aofWithoutSync
        case snapshotFromBefore
        case snapshotThatLoadsSlowly

        var arguments: [String] {
            switch self {
            case .aofAlways: ["--appendonly", "yes", "--appendfsync", "always"]
            case .aofEverySecond: ["--appendonly", "yes", "--appendfsync", "everysec"]
            case .aofWithoutSync: ["--appendonly", "yes", "--appendfsync", "no"]
            case .snapshotFromBefore: []
            case .snapshotThatLoadsSlowly:
                ["--key-load-delay", "30000", "--loading-process-events-interval-bytes", "1024"]
            }
        }

        var isSnapshot: Bool { self == .snapshotFromBefore || self == .snapshotThatLoadsSlowly }
    }

    @Test(
        "with all, or what it had a while ago, after it was killed in a phase: what it has kept ends right",
        arguments: Kind.allCases,
        ["apply", "verify", "cleanup"]
    )
    func killed(kind: Kind, phase: String) async throws {
        try await withStage(arguments: kind.arguments) { stage in
            if kind.isSnapshot { try await stage.server.cli("SAVE") }
            // What applications wrote is on the disk.
            try await Task.sleep(for: .milliseconds(kind == .aofEverySecond ? 2100 : 0))
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=\(phase)")
            try await Task.sleep(for: .milliseconds(300))
            await stage.server.kill()
            try await stage.server.restart()
            if kind.isSnapshot {
                // It is older than what the daemon has seen: a person has to say that this is so.
                try await daemon.waitForLine("stalled", "reason=DataLost")
                #expect(try await stage.snapshot().difference(from: stage.before) == nil)
                let retry = try await stage.run("retry")
                #expect(retry.exitStatus == 0, "\(retry)")
            }
            try await daemon.waitUntilConverged(timeout: .seconds(60))
            #expect(await daemon.stop() == .exited(0))
            let fault = try await stage.faultOfConverged()
            #expect(fault == nil, "\(fault ?? "")\n\(daemon.standardError)")
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }

    /// Who takes the data away.
    enum Loss: String, CaseIterable, Sendable {
        case flushDB
        case swapDB
    }

    @Test("Data that somebody takes away in mid-apply are DataLost, and no success", arguments: Loss.allCases)
    func takenAway(loss: Loss) async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await daemon.waitForLine("step started", "phase=apply")
            try await Task.sleep(for: .milliseconds(500))
            switch loss {
            case .flushDB: try await stage.send("FLUSHDB")
            case .swapDB: try await stage.send("SWAPDB", "0", "1")
            }
            try await daemon.waitForLine("stalled", "reason=DataLost")
            let writes = try await stage.writes()
            try await Task.sleep(for: .seconds(2))
            #expect(try await stage.writes() == writes)
            #expect(try await stage.text("outpost:schema:version") == nil)
            if loss == .swapDB {
                try await stage.send("SWAPDB", "0", "1")
                _ = try await stage.run("retry")
                try await daemon.waitUntilConverged(timeout: .seconds(60))
                #expect(try await stage.faultOfConverged() == nil)
            }
            #expect(await daemon.stop() == .exited(0))
        }
    }
}
