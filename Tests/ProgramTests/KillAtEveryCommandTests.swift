import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

/// The real program, killed by SIGKILL before and after the n-th command of a whole run of all three migrations.
@Suite("Killed at any command")
struct KillAtEveryCommandTests {
    private static let settings = [
        "MIGRATEREDIS_SCHEMA_TARGET": "3", "MIGRATEREDIS_CLEANUP_APPROVAL": "automatic",
        "MIGRATEREDIS_CLEANUP_SOAK": "0",
    ]

    /// Each takes its share of the commands on a server of its own.
    private static let lanes = 2

    @Test(
        "and run again, it comes to the end of an undisturbed run, and then writes nothing",
        arguments: ["before", "after"],
        0..<lanes
    )
    func everyCommand(side: String, lane: Int) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let expected = stage.keyspace.expectedLatest(after: stage.before)
            let counting = try CommandProxy(stage.server)
            let undisturbed = try await stage.run(
                ["converge"],
                with: Self.settings.merging(["REDIS_SOCKET": counting.socketPath]) { $1 }
            )
            #expect(undisturbed.exitStatus == 0, "\(undisturbed)")
            #expect(try await stage.snapshot().difference(from: expected) == nil)
            let points = CrashPoints(commands: counting.commandCount, sample: 15)
            let share = points.points.filter { $0 % Self.lanes == lane }
            print("killed \(side), \(share.count) points of lane \(lane): \(points.description)")
            for point in share {
                try await reset(stage)
                try await kill(at: point, side: side, stage)
                try await requireEnd(stage, expected, "\(side) \(point)")
            }
        }
    }

    private func reset(_ stage: Stage) async throws {
        try await stage.send("FLUSHALL")
        for words in stage.keyspace.commands { try await stage.send(words) }
    }

    /// With `before` the command never arrives; with `after` it arrives, and its sender is dead.
    private func kill(at point: Int, side: String, _ stage: Stage) async throws {
        let victim = Mutex<pid_t?>(nil)
        let proxy = try CommandProxy(stage.server, fault: side == "before" ? .cut(before: point) : .none) { number, _ in
            guard number == point else { return }
            while true {
                if let pid = victim.withLock({ $0 }) {
                    Foundation.kill(pid, SIGKILL)
                    return
                }
                usleep(200)
            }
        }
        defer { proxy.close() }
        let program = try await stage.start(
            "converge",
            with: Self.settings.merging(["REDIS_SOCKET": proxy.socketPath]) { $1 }
        )
        victim.withLock { $0 = program.pid }
        let end = try await program.waitForExit(timeout: .seconds(30))
        #expect(end == .signaled(SIGKILL), "\(side) \(point): it ended before it was killed")
    }

    private func requireEnd(_ stage: Stage, _ expected: Snapshot, _ point: String) async throws {
        let next = try await stage.run(["converge"], with: Self.settings)
        #expect(next.exitStatus == 0, "\(point): \(next)")
        let difference = try await stage.snapshot().difference(from: expected)
        #expect(difference == nil, "\(point): \(difference ?? "")")
        let before = try await stage.send("INFO", "persistence").text
        let again = try await stage.run(["converge"], with: Self.settings)
        let after = try await stage.send("INFO", "persistence").text
        #expect(again.exitStatus == 0)
        #expect(Self.changes(before) == Self.changes(after), "\(point): one more run writes")
    }

    private static func changes(_ info: String?) -> Substring? {
        info?.split(whereSeparator: \.isNewline).first { $0.hasPrefix("rdb_changes_since_last_save:") }
    }
}
