import Foundation
import Synchronization

/// How a child process is to be started.
struct Launch: Sendable {
    var program: String
    var arguments: [String]
    var environment: [String: String]
    var directory: String?
    var input: Int32
    var output: Int32
    var error: Int32
}

/// The one thread that starts child processes.
///
/// A crash of the tests must not leave servers behind, and `posix_spawn` cannot ask for a death signal. `setpriv` (of
/// util-linux) can: it asks, then becomes the program, under the same process id. But the signal comes when the *thread*
/// ends that started the child, not the process; so it must be a thread that never ends.
final class Spawner: Sendable {
    static let shared = Spawner()

    private static let spawning = Mutex(())

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { self.work() }
        thread.name = "spawner"
        thread.start()
    }

    /// Does something while no child is being started.
    ///
    /// For descriptors that are made first and marked "close on exec" after that. A child that was started between the
    /// two would hold the end of another child's pipe, whose reader would then wait for both.
    static func unlessSpawning<T: Sendable>(_ body: () -> T) -> T {
        spawning.withLock { _ in body() }
    }

    /// Starts the program and gives its process id.
    func spawn(_ launch: Launch) async throws -> pid_t {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock {
                $0.append {
                    continuation.resume(with: Result { try Self.spawning.withLock { _ in try spawnHere(launch) } })
                }
            }
            available.signal()
        }
    }

    private func work() {
        while true {
            available.wait()
            let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            job?()
        }
    }
}

/// Starts the program from the calling thread.
private func spawnHere(_ launch: Launch) throws -> pid_t {
    guard let program = Executable.find(launch.program) else {
        throw TestSupportError("There is no program \(launch.program).")
    }
    var command = [program] + launch.arguments
    if let directory = launch.directory {
        // Swift does not see the GNU extensions of posix_spawn, among them the one that changes the directory.
        command = ["/usr/bin/env", "--chdir=\(directory)"] + command
    }
    if let setpriv = Executable.find("setpriv") {
        command = [setpriv, "--pdeathsig", "KILL", "--"] + command
    }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, launch.input, 0)
    posix_spawn_file_actions_adddup2(&actions, launch.output, 1)
    posix_spawn_file_actions_adddup2(&actions, launch.error, 2)

    // Signals that the test process blocks or ignores are none of the child's business.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    sigfillset(&all)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    var pid: pid_t = 0
    let result = withCStrings(command) { argv in
        withCStrings(launch.environment.map { "\($0.key)=\($0.value)" }) { environment in
            posix_spawn(&pid, command[0], &actions, &attributes, argv, environment)
        }
    }
    guard result == 0 else {
        throw TestSupportError("Cannot start \(program): \(errorText(result)).")
    }
    return pid
}

/// Lends the strings as C has them: an array of pointers that ends with a null pointer.
private func withCStrings<T>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> T
) rethrows -> T {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    return try pointers.withUnsafeMutableBufferPointer { buffer in
        // An array of at least one element has an address.
        guard let base = buffer.baseAddress else { preconditionFailure("no base address") }
        return try body(base)
    }
}
