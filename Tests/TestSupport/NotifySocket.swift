import Foundation
import Synchronization

/// The service manager's end of `NOTIFY_SOCKET`: collects what a daemon tells it.
package final class NotifySocket: Sendable {
    /// What a program is started with to talk to it.
    package var variables: [String: String] { ["NOTIFY_SOCKET": path] }

    private final class Inbox: Sendable {
        let datagrams = Mutex<[String]>([])
    }

    private let home: TemporaryDirectory
    private let path: String
    private let descriptor: Int32
    private let inbox = Inbox()

    package init() throws {
        home = try TemporaryDirectory()
        path = home.file("notify")
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard descriptor >= 0, result == 0 else { throw TestSupportError("No socket for notifications.") }
        // The kernel queues few datagrams, and a sender waits when the queue is full.
        let inbox = inbox
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                let text = String(decoding: buffer[..<count], as: UTF8.self)
                inbox.datagrams.withLock { $0.append(text) }
            }
            close(descriptor)
        }
        thread.name = "notify"
        thread.start()
    }

    deinit {
        // Ends the thread's wait; the thread closes.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Every assignment so far, in order, such as `READY=1`.
    package var assignments: [String] {
        inbox.datagrams.withLock { $0 }.flatMap { $0.split(separator: "\n").map(String.init) }
    }

    /// Every STATUS= so far, in order.
    package var statuses: [String] {
        assignments.filter { $0.hasPrefix("STATUS=") }.map { String($0.dropFirst(7)) }
    }

    /// Waits until an assignment was made.
    package func waitFor(_ assignment: String, timeout: Duration = .seconds(30)) async throws {
        do {
            try await eventually(timeout: timeout) { assignments.contains(assignment) }
        } catch {
            throw TestSupportError("Waited \(timeout) for \(assignment); there was \(assignments.suffix(20)).")
        }
    }

    /// Waits until a status contains the text, and gives that status.
    @discardableResult
    package func waitForStatus(containing text: String, timeout: Duration = .seconds(30)) async throws -> String {
        do {
            try await eventually(timeout: timeout) { statuses.contains { $0.contains(text) } }
        } catch {
            throw TestSupportError("Waited \(timeout) for a status with “\(text)”; there was \(statuses.suffix(20)).")
        }
        return statuses.last { $0.contains(text) } ?? ""
    }
}
