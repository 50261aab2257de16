import Glibc
import Testing

@testable import Systemd

/// Each test runs in a process of its own, since `$NOTIFY_SOCKET` belongs to a whole process.
@Suite("The notifier")
struct NotifierTests {
    @Test("sends each state as one datagram to the manager's socket")
    func sends() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let manager = try DatagramSocket(path: "\(directory.path)/notify")
            setenv("NOTIFY_SOCKET", "\(directory.path)/notify", 1)
            let notifier = Notifier()

            #expect(notifier.status("connecting") == .sent)
            #expect(try manager.receiveText() == "STATUS=connecting")
            #expect(notifier.ready(status: "schema v1 → v3") == .sent)
            #expect(try manager.receiveText() == "READY=1\nSTATUS=schema v1 → v3")
            #expect(notifier.extendTimeout(.seconds(90)) == .sent)
            #expect(try manager.receiveText() == "EXTEND_TIMEOUT_USEC=90000000")
            #expect(notifier.watchdog() == .sent)
            #expect(try manager.receiveText() == "WATCHDOG=1")
            #expect(notifier.stopping() == .sent)
            #expect(try manager.receiveText() == "STOPPING=1")
            #expect(try manager.receive(withinMilliseconds: 0) == nil)
        }
    }

    @Test("says when a reload began, by the monotonic clock")
    func reloading() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let manager = try DatagramSocket(path: "\(directory.path)/notify")
            setenv("NOTIFY_SOCKET", "\(directory.path)/notify", 1)

            let before = MonotonicTime.now.microseconds
            Notifier().reloading()
            let after = MonotonicTime.now.microseconds

            let lines = try #require(try manager.receiveText()).split(separator: "\n")
            #expect(lines.first == "RELOADING=1")
            let time = try #require(lines.last?.split(separator: "=").last.flatMap { UInt64($0) })
            #expect((before...after).contains(time))
        }
    }

    @Test("does nothing where nobody asked to be told")
    func unsupervised() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            #expect(Notifier().ready() == .notSupervised)
            #expect(Notifier().watchdog() == .notSupervised)
        }
    }

    @Test("reports a manager that is gone, and lives on")
    func gone() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            setenv("NOTIFY_SOCKET", "\(directory.path)/absent", 1)
            #expect(Notifier().ready() == .failed(errno: ENOENT))
            do { _ = try DatagramSocket(path: "\(directory.path)/closed") }
            setenv("NOTIFY_SOCKET", "\(directory.path)/closed", 1)
            #expect(Notifier().ready() == .failed(errno: ECONNREFUSED))
        }
    }
}
