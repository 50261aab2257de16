import Foundation
import Glibc

/// Runs code on a thread that sees an empty `/run` of its own, in which a test may put a journal's socket.
///
/// The path of that socket is fixed in libsystemd, and nothing else in the process or on the host notices.
enum OwnRun {
    static let journalSocket = "/run/systemd/journal/socket"

    /// Whether this process may make a mount namespace (it needs CAP_SYS_ADMIN).
    static let isAllowed: Bool = {
        let result = Answer()
        Thread.detachNewThread { result.give((try? enter()) != nil) }
        return result.wait()
    }()

    static func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await OwnThread.perform {
            try enter()
            return try body()
        }
    }

    /// The thread is never used again, so nothing needs to be undone.
    private static func enter() throws {
        try SystemError.check("unshare", unshareMounts())
        try SystemError.check("mount", mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil))
        try SystemError.check("mount", mount("tmpfs", "/run", "tmpfs", 0, nil))
        try FileManager.default.createDirectory(atPath: "/run/systemd/journal", withIntermediateDirectories: true)
    }

    /// Calls unshare(2) by its address, because Swift's view of the C library leaves out what is Linux's own.
    private static func unshareMounts() -> Int32 {
        typealias Unshare = @convention(c) (Int32) -> Int32
        let newMountNamespace: Int32 = 0x0002_0000
        guard let address = dlsym(nil, "unshare") else { return -1 }
        return unsafeBitCast(address, to: Unshare.self)(newMountNamespace)
    }

    private final class Answer: @unchecked Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private var value = false

        func give(_ value: Bool) {
            self.value = value
            semaphore.signal()
        }

        func wait() -> Bool {
            semaphore.wait()
            return value
        }
    }
}
