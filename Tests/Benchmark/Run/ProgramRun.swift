import Foundation
import Synchronization
import TestSupport

/// Runs of the command line, measured by what the kernel says of them.
enum ProgramRun {
    /// How the system says that a program ended with the exit status of one that was asked to stop.
    private static let interrupted: Int32 = 75 << 8

    /// Runs `migrateredis` to its end. Fails when it does: a run that failed measures nothing. What the servers used is
    /// not known here, and 0.
    ///
    /// Its output goes to a file, so that nobody has to read it meanwhile. With a limit in seconds it is asked to stop
    /// then, which a phase does at the end of its batch. Without a path it is the one of this checkout.
    static func migrateredis(
        _ arguments: [String],
        with variables: [String: String],
        program path: String? = nil,
        limit: Double? = nil
    ) async throws -> Cost {
        let directory = try TemporaryDirectory()
        let log = open(directory.file("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(log)
            close(null)
        }
        let own = ["PATH", "HOME", "LD_LIBRARY_PATH"].reduce(into: [String: String]()) { all, name in
            all[name] = ProcessInfo.processInfo.environment[name]
        }
        let environment = own.merging(["LANG": "C.UTF-8"]) { $1 }.merging(variables) { $1 }
        let program = try path ?? ProductPath.find("migrateredis")
        let began = monotonicNanoseconds()
        let pid = try spawn([program] + arguments, environment, input: null, output: log)
        let peak = Mutex(0)
        let watcher = Thread { watch(pid, peak: peak, limit: limit) }
        watcher.start()
        let (status, usage) = await ended(pid)
        let seconds = Double(monotonicNanoseconds() - began) / 1e9
        guard status == 0 || limit != nil && status == interrupted else {
            let text = (try? String(contentsOfFile: directory.file("log"), encoding: .utf8)) ?? ""
            throw TestSupportError("migrateredis \(arguments.joined(separator: " ")) ended with \(status):\n\(text)")
        }
        return Cost(
            seconds: seconds,
            cpuSeconds: usage.ru_utime.seconds + usage.ru_stime.seconds,
            serverCPUSeconds: 0,
            peakKiB: peak.withLock { $0 }
        )
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}

/// Waits for the end on a thread of its own, since it blocks.
private func ended(_ pid: pid_t) async -> (status: Int32, usage: rusage) {
    await withCheckedContinuation { continuation in
        let thread = Thread {
            var status: Int32 = 0
            var usage = rusage()
            while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
            continuation.resume(returning: (status, usage))
        }
        thread.start()
    }
}

/// Reads the high-water mark of a process until it is gone, and asks it to stop when it has had its time.
///
/// Not from `rusage`: what the kernel says there includes the parent, whose memory the child shares until it becomes the
/// program.
private func watch(_ pid: pid_t, peak: borrowing Mutex<Int>, limit: Double?) {
    var end = limit.map { monotonicNanoseconds() + UInt64($0 * 1e9) }
    while let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) {
        // One that has ended, and is still to be waited for, has no such line.
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return }
        if let now = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
            peak.withLock { $0 = max($0, now) }
        }
        if let moment = end, monotonicNanoseconds() > moment {
            kill(pid, SIGTERM)
            end = nil
        }
        usleep(10_000)
    }
}

private func spawn(
    _ command: [String],
    _ environment: [String: String],
    input: Int32,
    output: Int32
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    let result = posix_spawn(&pid, command[0], &actions, nil, &arguments, &variables)
    guard result == 0 else { throw TestSupportError("Cannot start \(command[0]): error \(result).") }
    return pid
}
