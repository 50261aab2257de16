import Foundation
import RedisClient
import TestSupport

/// Something that happens to a daemon, its connections or its server for a while, and then is over.
enum Disturbance: String, CaseIterable, Sendable {
    case daemonKilled
    case daemonStoppedAndReplaced
    case serverStopped
    case serverStoppedAndDaemonKilled
    case clientsPaused
    case clientsPausedBeyondTheTimeOut
    case restartLoop
    case connectionsReset
    case unreachable
    case serverKilled
    case serverRestarted
    case outOfMemory
    case savingFails
    case noReplicas
    case busyWithAScript
    case readOnly
    case clientsKilled
    case scriptsFlushed
    case lockDeleted
    case lockExpired
    case lockOverwritten
    case lockOfAnotherType
    case lockWithoutTTL
    case epochDeleted
    case unlinkForbidden
    case watchForbidden
    case passwordChanged
    case clockAhead
    case clockBack
    case clockAheadAndBack

    /// Whether applications may remove old keys under it: a copy whose source has gone is dropped only on the server,
    /// and with the history of data, on which copying began.
    var allowsRemovals: Bool {
        switch self {
        case .serverKilled, .serverRestarted, .readOnly: false
        default: true
        }
    }

    /// Whether the server ends it when its clock says so: then it does not go with a clock that is set back, since it would
    /// last as long as that jump, and no client could end it.
    var endsByTheServersClock: Bool {
        switch self {
        case .clientsPaused, .clientsPausedBeyondTheTimeOut, .lockOverwritten: true
        default: false
        }
    }

    /// Whether it sets the server's clock back.
    var setsTheClockBack: Bool { self == .clockBack || self == .clockAheadAndBack }

    /// Makes it happen, waits, and makes it end. What cannot be done, since something else has happened too, is passed over.
    func happen(to trial: Trial) async {
        let server = trial.stage.server
        switch self {
        case .daemonKilled:
            trial.killDaemons()
            await trial.startDaemon()
        case .daemonStoppedAndReplaced:
            let stopped = trial.stopDaemons()
            await trial.startDaemon()
            await pause(4000)
            for daemon in stopped { daemon.signal(SIGCONT) }
        case .serverStopped:
            try? await server.pause()
            await pause(2000)
            server.resume()
        case .serverStoppedAndDaemonKilled:
            try? await server.pause()
            await pause(300)
            trial.killDaemons()
            await trial.startDaemon()
            await pause(700)
            server.resume()
        case .clientsPaused: await trial.tell(["CLIENT", "PAUSE", "1500", "ALL"])
        case .clientsPausedBeyondTheTimeOut:
            await trial.tell(["CLIENT", "PAUSE", "12000", "ALL"])
            await pause(11_000)
            trial.killDaemons()
            await trial.startDaemon()
            await pause(1500)
        case .restartLoop:
            for _ in 0..<8 {
                trial.killDaemons()
                await trial.startDaemon()
                await pause(150)
            }
        case .connectionsReset:
            for _ in 0..<4 {
                trial.schedule.interrupt()
                await pause(250)
            }
        case .unreachable:
            trial.schedule.cut()
            await pause(1500)
            trial.schedule.heal()
        case .serverKilled:
            await server.kill()
            await pause(300)
            try? await server.restart()
        case .serverRestarted: try? await server.restart()
        case .outOfMemory: await configured("maxmemory", "1mb", back: "0", trial)
        case .savingFails: await savingFails(trial)
        case .noReplicas: await configured("min-replicas-to-write", "1", back: "0", trial)
        case .busyWithAScript: await busy(trial)
        case .readOnly:
            await trial.tell(["REPLICAOF", "127.0.0.1", "1"])
            await pause(1500)
            await trial.tell(["REPLICAOF", "NO", "ONE"])
        case .clientsKilled:
            for _ in 0..<3 {
                await trial.tell(["CLIENT", "KILL", "TYPE", "normal"])
                await pause(200)
            }
        case .scriptsFlushed: await trial.tell(["SCRIPT", "FLUSH"])
        case .lockDeleted: await trial.tell(["UNLINK", Trial.lock])
        case .lockExpired: await trial.tell(["PEXPIRE", Trial.lock, "1"])
        case .lockOverwritten: await trial.tell(["SET", Trial.lock, "mine", "PX", "1500"])
        case .lockOfAnotherType:
            await trial.tell(["UNLINK", Trial.lock])
            await trial.tell(["RPUSH", Trial.lock, "mine"])
            await pause(1500)
            await trial.tell(["UNLINK", Trial.lock])
        case .lockWithoutTTL: await trial.tell(["PERSIST", Trial.lock])
        case .epochDeleted: await trial.tell(["UNLINK", "outpost:migration:epoch"])
        case .unlinkForbidden: await forbidden("unlink", trial)
        case .watchForbidden: await forbidden("watch", trial)
        case .passwordChanged:
            await trial.tell(["ACL", "SETUSER", LeastPrivilege.user, "resetpass", ">another"])
            await trial.tell(["CLIENT", "KILL", "USER", LeastPrivilege.user])
            await pause(1500)
            await trial.tell(["ACL", "SETUSER", LeastPrivilege.user, "resetpass", ">" + LeastPrivilege.password])
            await trial.retry()
        case .clockAhead: await jump(1, trial)
        case .clockBack: await jump(-1, trial)
        case .clockAheadAndBack:
            await jump(1, trial)
            await jump(-1, trial)
        }
    }

    /// By seconds, an hour and a day. In three phases and with several at once the records' five days are not over.
    private static let jumps: [Duration] = [.seconds(3), .seconds(3600), .seconds(86_400)]

    /// Jumps of the server's clock and the daemons'; what it shows in the end stays.
    private func jump(_ direction: Double, _ trial: Trial) async {
        for jump in Self.jumps {
            trial.clock.jump(by: jump * direction)
            await pause(400)
        }
    }

    private func pause(_ milliseconds: Int) async { try? await Task.sleep(for: .milliseconds(milliseconds)) }

    private func configured(_ name: String, _ value: String, back: String, _ trial: Trial) async {
        await trial.tell(["CONFIG", "SET", name, value])
        await pause(1500)
        await trial.tell(["CONFIG", "SET", name, back])
    }

    private func forbidden(_ command: String, _ trial: Trial) async {
        await trial.tell(["ACL", "SETUSER", LeastPrivilege.user, "-" + command])
        await pause(1500)
        await trial.tell(["ACL", "SETUSER", LeastPrivilege.user, "+" + command])
        await trial.retry()
    }

    /// A directory stands where the file is to be.
    private func savingFails(_ trial: Trial) async {
        let path = trial.stage.server.directory + "/dump.rdb"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        await trial.tell(["CONFIG", "SET", "save", "3600 1"])
        await trial.tell(["BGSAVE"])
        await pause(2000)
        await trial.tell(["CONFIG", "SET", "save", ""])
        try? FileManager.default.removeItem(atPath: path)
    }

    private func busy(_ trial: Trial) async {
        await trial.tell(["CONFIG", "SET", "busy-reply-threshold", "100"])
        let script = Task { await trial.tell(["EVAL", "while true do end", "0"]) }
        await pause(2000)
        // A new connection would be refused its greeting.
        _ = try? await trial.stage.server.cli("SCRIPT", "KILL")
        await script.value
    }
}
