import Glibc
import RedisClient

/// Where this process' log waits for whoever takes it: the journal, or the reader of standard error.
///
/// Neither may hold up work. Of a log that nobody takes a thousand lines are kept, and what comes then is dropped and counted.
public enum LogOutlet {
    /// The outlet of the process.
    static let shared = Outlet(name: "log", capacity: 1000, costLimit: 1 << 20) { dropped in
        // On the outlet's own thread.
        let text = "Nobody took the log for a while: lines were dropped."
        let entry = JournalEntry(dropped: dropped, message: text)
        if isJournal, Journal.send(entry) { return }
        let line = PlainLogLine(level: .warning, message: text, pairs: [("dropped", String(dropped))])
        LineWriter(descriptor: STDERR_FILENO).write(line.text)
    }

    private static var isJournal: Bool { LogDestination.detect() == .journal }

    /// Waits until what was logged has been taken, for so long at most: before the process ends.
    public static func finish(within time: Duration) {
        shared.finish(within: time)
    }
}
