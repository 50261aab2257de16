import Foundation
import TestSupport

/// What the programs cost when there is nothing to do: start-up, a look, an idle pass.
struct IdleMeasurement {
    let rounds: Int
    /// How long an idle daemon is watched, in seconds; its passes are a second apart.
    let seconds: Int

    private static let settings = [
        "MIGRATEREDIS_SCHEMA_TARGET": "3",
        "MIGRATEREDIS_RECONCILE_INTERVAL": "1s",
        "MIGRATEREDIS_CLEANUP_APPROVAL": "automatic",
        "MIGRATEREDIS_CLEANUP_SOAK": "0",
    ]

    /// Measures on a small keyspace that has been migrated to the end.
    func run() async throws -> IdleFigures {
        try await withRedisServer { server in
            try Tenants(keys: 400).load(into: server)
            let programs = Programs(on: server, settings: Self.settings)
            _ = try await programs.cost(of: ["converge"])
            var figures = IdleFigures()
            for _ in 0..<rounds {
                figures.version.append(try await programs.cost(of: ["--version"]))
                figures.status.append(try await programs.cost(of: ["status"]))
                figures.daemonStart.append(try await withDaemon(programs) { _, seconds in seconds })
            }
            progress("start-up and status")
            try await withDaemon(programs) { daemon, _ in
                try await watch(server, into: &figures)
                figures.residentKiB = resident(daemon.pid)
            }
            progress("idle passes")
            return figures
        }
    }

    /// Lends a daemon that has said that all is as wanted, and how many seconds that took it.
    private func withDaemon<T>(
        _ programs: Programs,
        _ body: (RunningProcess, Double) async throws -> T
    ) async throws -> T {
        let began = monotonicNanoseconds()
        let daemon = try await RunningProcess.start(
            try ProductPath.find("migrateredisd"),
            environment: programs.variables,
            directory: programs.servers[0].directory
        )
        do {
            try await daemon.waitForOutput(containing: "NOTICE converged", timeout: .seconds(30))
            let result = try await body(daemon, Double(monotonicNanoseconds() - began) / 1e9)
            await daemon.stop()
            return result
        } catch {
            await daemon.stop()
            throw error
        }
    }

    /// Looks at the server's counters many times a second: a pass is a burst in them, with silence before and after.
    private func watch(_ server: RedisServer, into figures: inout IdleFigures) async throws {
        let client = [try PlainClient(server)]
        let silence: UInt64 = 250_000_000
        // What belongs to the start is not idle.
        try await Task.sleep(for: .seconds(2))
        var last = try ServerCounters.look(at: client)
        var lastChange: UInt64 = 0
        let end = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
        while monotonicNanoseconds() < end {
            try await Task.sleep(for: .milliseconds(20))
            let now = try ServerCounters.look(at: client)
            let difference = now.since(last)
            last = now
            guard difference.reads > 0 else { continue }
            let moment = monotonicNanoseconds()
            if moment - lastChange > silence { figures.passes += 1 }
            lastChange = moment
            figures.reads += difference.reads
            figures.commands += difference.commands
        }
        guard figures.passes > 0 else { throw TestSupportError("An idle daemon made no pass in \(seconds) s.") }
    }

    private func resident(_ pid: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
