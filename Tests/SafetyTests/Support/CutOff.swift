import Foundation
import RedisClient
import Synchronization
import TestSupport

/// Which commands are counted.
enum Counted: String, CaseIterable, Sendable {
    /// Those that change data, an entry of a ledger, a state, the history or the version.
    case change
    /// Those that only look.
    case look
    /// Those that make or remove the ledger's hashes, of which a cluster has one for each slot.
    case ledgers
    /// Those that name the lock or an epoch.
    case fence

    private static let changing: Set<String> = [
        "HSET", "HDEL", "UNLINK", "SET", "COPY", "RESTORE", "XADD", "PEXPIREAT",
    ]

    /// The kind of a command; nil where it has no key.
    static func kind(of words: [Bytes]) -> Counted? {
        guard words.count > 1 else { return nil }
        let key = words[1]
        func begins(_ text: String) -> Bool { key.starts(with: Bytes("outpost:migration:" + text)) }
        if begins("epoch") || begins("lock") { return .fence }
        guard key.starts(with: Bytes("tenant:")) || key.starts(with: Bytes("outpost:")) else { return nil }
        let name = String(decoding: words[0], as: UTF8.self)
        let isLedger = begins(World.migration + ":ledger")
        if isLedger, name == "HSETNX" || name == "UNLINK" { return .ledgers }
        return changing.contains(name) ? .change : .look
    }

    /// What tells commands apart that do different things: the name, and what the key is of.
    static func shape(of words: [Bytes]) -> String {
        let key = words.count > 1 ? String(decoding: words[1], as: UTF8.self) : ""
        let parts = key.split(separator: ":")
        let what = key.hasPrefix("tenant:") ? "data" : parts.dropFirst().prefix(3).joined(separator: ":")
        return String(decoding: words[0], as: UTF8.self) + " " + what
    }
}

extension World {
    /// What became of a program that was to be killed.
    struct Kill: Sendable {
        /// Whether it came so far.
        var hasHappened: Bool
        /// The name of data in the last command that has one.
        var lastName: String?
    }

    /// A moment in the run of a program: before the n-th command of a kind arrives.
    struct Point: Sendable, CustomStringConvertible {
        var counted: Counted
        var number: Int
        var shape: String

        /// Whether the command changes a record or its entry in the ledger.
        var concernsRecord: Bool { counted == .change && (shape.hasSuffix(" data") || shape.hasSuffix(":ledger")) }

        var description: String { "\(counted.rawValue) \(number) (\(shape))" }
    }

    /// The moments of a program's run that nobody disturbs.
    ///
    /// Of the thousands of epochs and of empty ledgers that a cluster has, 30 stand for all.
    func points(of arguments: [String]) async throws -> [Point] {
        let seen = Mutex<[Counted: [String]]>([:])
        schedule.rearm(hook: { _, words in
            guard let kind = Counted.kind(of: words) else { return }
            seen.withLock { $0[kind, default: []].append(Counted.shape(of: words)) }
        })
        let result = try await run(arguments)
        schedule.rearm()
        guard result.exitStatus == 0 else { throw TestSupportError("Undisturbed, \(arguments) fails: \(result)") }
        var points: [Point] = []
        for (counted, shapes) in seen.withLock({ $0 }).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let isCrowd = counted == .fence || counted == .ledgers
            for index in stride(from: 0, to: shapes.count, by: isCrowd ? max(1, shapes.count / 30) : 1) {
                points.append(Point(counted: counted, number: index + 1, shape: shapes[index]))
            }
        }
        return points
    }

    /// Runs a program that is killed, and whose connections end, at a moment.
    @discardableResult
    func runKilled(before point: Point, _ arguments: [String]) async throws -> Kill {
        let progress = Mutex((count: 0, lastName: String?.none))
        let victim = Mutex<pid_t?>(nil)
        let schedule = schedule
        schedule.rearm(hook: { _, words in
            guard let kind = Counted.kind(of: words) else { return }
            let isLast = progress.withLock { progress in
                if kind == point.counted { progress.count += 1 }
                if progress.count < point.number, words[1].starts(with: Bytes("tenant:")) {
                    progress.lastName = String(decoding: words[1], as: UTF8.self)
                }
                return kind == point.counted && progress.count == point.number
            }
            guard isLast else { return }
            while true {
                if let pid = victim.withLock({ $0 }) {
                    kill(pid, SIGKILL)
                    break
                }
                usleep(200)
            }
            schedule.cut()
        })
        let program = try await start("migrateredis", arguments)
        victim.withLock { $0 = program.pid }
        let end = try await program.waitForExit(timeout: .seconds(60))
        try await waitUntilAlone()
        schedule.rearm()
        return Kill(hasHappened: end == .signaled(SIGKILL), lastName: progress.withLock { $0.lastName })
    }
}
