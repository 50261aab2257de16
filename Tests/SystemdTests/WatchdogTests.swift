import Glibc
import Testing

@testable import Systemd

/// What reads the environment runs in a process of its own.
@Suite("The watchdog")
struct WatchdogTests {
    @Test("asks for a ping at half its timeout, and is looked at twice as often")
    func interval() {
        let watchdog = Watchdog(timeout: .seconds(60))
        #expect(watchdog.pingInterval == .seconds(30))
        #expect(watchdog.checkInterval == .seconds(15))
    }

    @Test("is read from the environment")
    func requested() async {
        await #expect(processExitsWith: .success) {
            setenv("WATCHDOG_USEC", "20000000", 1)
            setenv("WATCHDOG_PID", "\(getpid())", 1)
            #expect(Watchdog.requested() == Watchdog(timeout: .seconds(20)))
            unsetenv("WATCHDOG_PID")
            #expect(Watchdog.requested() == Watchdog(timeout: .seconds(20)))
        }
    }

    @Test("is not there if it is unset, meant for another process, or no number")
    func absent() async {
        await #expect(processExitsWith: .success) {
            unsetenv("WATCHDOG_USEC")
            unsetenv("WATCHDOG_PID")
            #expect(Watchdog.requested() == nil)
            setenv("WATCHDOG_USEC", "20000000", 1)
            setenv("WATCHDOG_PID", "\(getppid())", 1)
            #expect(Watchdog.requested() == nil)
            unsetenv("WATCHDOG_PID")
            for text in ["", "0", "soon", "-1", "\(UInt64.max)"] {
                setenv("WATCHDOG_USEC", text, 1)
                #expect(Watchdog.requested() == nil, "WATCHDOG_USEC=\(text)")
            }
        }
    }

    @Test("hears from a loop that waits on purpose, and no more from one that hangs")
    func keepAlive() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let manager = try DatagramSocket(path: "\(directory.path)/notify")
            setenv("NOTIFY_SOCKET", "\(directory.path)/notify", 1)
            let progress = ProgressMonitor()
            progress.waitingOnPurpose(until: .now + .seconds(60))
            let pinger = Task {
                await Watchdog(timeout: .milliseconds(80)).keepAlive(progress, through: Notifier())
            }

            try await OwnThread.perform {
                for _ in 0..<5 {
                    #expect(try manager.receiveText() == "WATCHDOG=1")
                }
                // The wait is over, and then nothing: one ping for that, those on their way, and no other.
                progress.progressed()
                #expect(try manager.receiveText() == "WATCHDOG=1")
                var late = 0
                while try manager.receive(withinMilliseconds: 1_000) != nil, late < 100 { late += 1 }
                #expect(late < 100)

                progress.progressed()
                #expect(try manager.receiveText() == "WATCHDOG=1")
            }
            pinger.cancel()
            await pinger.value
        }
    }
}
