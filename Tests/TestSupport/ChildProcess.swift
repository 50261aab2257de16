import Foundation
import Synchronization

/// How a process ended.
public enum Termination: Sendable, Equatable {
    /// It ended by itself, with this exit status.
    case exited(Int32)
    /// A signal ended it.
    case signaled(Int32)

    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited(waitStatus >> 8 & 0xff) : .signaled(signal)
    }
}

/// A started process, and the thread that waits for its end.
final class ChildProcess: Sendable {
    let pid: pid_t

    private let ended = Mutex<Termination?>(nil)

    static func start(_ launch: Launch) async throws -> ChildProcess {
        ChildProcess(pid: try await Spawner.shared.spawn(launch))
    }

    private init(pid: pid_t) {
        self.pid = pid
        LeftBehind.add(child: pid)
        let thread = Thread { self.reap() }
        thread.name = "wait \(pid)"
        thread.start()
    }

    /// How it ended; nil while it lives.
    var termination: Termination? {
        ended.withLock { $0 }
    }

    /// Sends a signal, unless the process has ended.
    ///
    /// Under the lock the process is at least a zombie, so that the number cannot be another process's by now.
    @discardableResult
    func signal(_ number: Int32) -> Bool {
        ended.withLock { $0 == nil && kill(pid, number) == 0 }
    }

    /// Waits for the end; nil when it does not come in time.
    func waitForExit(timeout: Duration) async throws -> Termination? {
        let deadline = ContinuousClock.now + timeout
        var pause = Duration.milliseconds(1)
        while ContinuousClock.now < deadline {
            if let termination { return termination }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(10))
        }
        return termination
    }

    /// Ends the process: politely, and after the time-out by force. May be called again.
    @discardableResult
    func end(after timeout: Duration) async -> Termination? {
        signal(SIGTERM)
        // A stopped process would not see the signal.
        signal(SIGCONT)
        // In a cancelled task this returns at once, and the end is by force.
        if let termination = try? await waitForExit(timeout: timeout) { return termination }
        return await endByForce()
    }

    /// Kills the process, and waits until it is gone.
    @discardableResult
    func endByForce() async -> Termination? {
        signal(SIGKILL)
        // A task of its own, since it must wait also when the task that asks is cancelled.
        return await Task { try? await waitForExit(timeout: .seconds(10)) }.value
    }

    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        ended.withLock { ended in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            ended = Termination(waitStatus: status)
            LeftBehind.remove(child: pid)
        }
    }
}
