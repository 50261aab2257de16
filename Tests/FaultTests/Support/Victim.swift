import Foundation
import RedisClient
import Synchronization
import TestSupport

/// Who is disturbed: a program, and how it is used.
enum Victim: String, CaseIterable, Sendable {
    /// `migrateredis converge`, through all migrations.
    case converge
    /// `migrateredisd`, through all migrations.
    case daemon
    /// `migrateredis` by hand: plan, apply, verify and cleanup of the first migration, each a process.
    case byHand

    private static let phases = [
        ["plan"], ["apply", "-auto-approve"], ["verify"], ["cleanup", "-force"],
    ]

    /// The last version: by hand it is the first migration's, and in a cluster, where each start of a step sets 16,384
    /// epochs, too.
    func target(on ground: Ground) -> Int { self == .byHand || ground.kind == .cluster ? 1 : 3 }

    /// What both programs are told.
    func settings(on ground: Ground) -> [String: String] {
        Stage.untended.merging(["MIGRATEREDIS_SCHEMA_TARGET": "\(target(on: ground))"]) { $1 }
    }

    /// What must be there in the end.
    func expected(on ground: Ground) -> Snapshot {
        target(on: ground) == 1
            ? ground.keyspace.expected(after: ground.before) : ground.keyspace.expectedLatest(after: ground.before)
    }

    /// One disturbed run, through to its end.
    struct Run: Sendable {
        /// Whether it said that all is done.
        var hasSucceeded: Bool
        /// What it wrote.
        var words: String
    }

    /// Works through the proxies, whatever the schedule does to it. `victim` always has the process at work.
    func work(on ground: Ground, victim: ProcessSlot, heals: Bool) async throws -> Run {
        switch self {
        case .converge:
            let program = try await ground.start("migrateredis", ["converge"], with: settings(on: ground))
            victim.fill(program.pid)
            let end = try await program.waitForExit(timeout: .seconds(90))
            return Run(hasSucceeded: end == .exited(0), words: "\(end): \(program.standardError)")
        case .daemon: return try await daemon(on: ground, victim: victim, heals: heals)
        case .byHand: return try await byHand(on: ground, victim: victim)
        }
    }

    private func daemon(on ground: Ground, victim: ProcessSlot, heals: Bool) async throws -> Run {
        let daemon = try await ground.start("migrateredisd", [], with: settings(on: ground))
        victim.fill(daemon.pid)
        let deadline = ContinuousClock.now + .seconds(90)
        while daemon.termination == nil {
            guard ContinuousClock.now < deadline else {
                daemon.signal(SIGKILL)
                throw TestSupportError("The daemon does not converge:\n\(daemon.standardError)")
            }
            if ground.schedule.isDown, heals {
                try await Task.sleep(for: .milliseconds(50))
                ground.schedule.heal()
            }
            if !daemon.lines("converged", "reason=Converged").isEmpty {
                // SIGTERM finds it idle.
                let end = await daemon.stop()
                return Run(
                    hasSucceeded: end == .exited(0),
                    words: "\(String(describing: end)): \(daemon.standardError)"
                )
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return Run(hasSucceeded: false, words: daemon.standardError)
    }

    /// A phase that fails is done again, as a person would do it.
    private func byHand(on ground: Ground, victim: ProcessSlot) async throws -> Run {
        var words = ""
        for phase in Self.phases {
            for attempt in 1...3 {
                victim.empty()
                let arguments = ["-migration", "001_hash_tags"] + phase
                let program = try await ground.start("migrateredis", arguments, with: settings(on: ground))
                victim.fill(program.pid)
                let end = try await program.waitForExit(timeout: .seconds(90))
                if ground.schedule.isDown { ground.schedule.heal() }
                words += "\(phase[0]) \(end): \(program.standardError)\n"
                if end == .exited(0) { break }
                if attempt == 3 { return Run(hasSucceeded: false, words: words) }
            }
        }
        return Run(hasSucceeded: true, words: words)
    }

    /// The way to the end for whoever was disturbed for good; and, when all is done, a run that must write nothing.
    func finish(on ground: Ground) async throws -> ProcessResult {
        try await ground.run(["converge"], with: settings(on: ground))
    }
}

/// The process that is at work now, for whoever wants to kill it.
final class ProcessSlot: Sendable {
    private let pid = Mutex<pid_t?>(nil)

    func fill(_ number: pid_t) { pid.withLock { $0 = number } }
    func empty() { pid.withLock { $0 = nil } }

    /// Kills it, waiting until it is known.
    func kill() {
        for _ in 0..<50_000 {
            if let number = pid.withLock({ $0 }) {
                Foundation.kill(number, SIGKILL)
                return
            }
            usleep(200)
        }
    }
}
