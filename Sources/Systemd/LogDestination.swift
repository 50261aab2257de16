import FoundationEssentials
import Glibc
import Logging

/// Where log events go: to the journal, or as plain lines to standard error.
public enum LogDestination: Equatable, Sendable {
    /// Entries with fields, to journald.
    case journal

    /// Lines to standard error, in this style.
    case plain(PlainLogStyle)

    /// Finds out where standard error leads.
    ///
    /// It is the journal if `$JOURNAL_STREAM` names the device and inode of standard error, see systemd.exec(5). The
    /// variable alone proves nothing: a child whose output was redirected inherits it too.
    public static func detect(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> LogDestination {
        detect(environment: environment, descriptor: STDERR_FILENO)
    }

    static func detect(environment: [String: String], descriptor: Int32) -> LogDestination {
        if let text = environment["JOURNAL_STREAM"], let named = FileIdentity(journalStream: text),
            named == FileIdentity(descriptor: descriptor)
        {
            return .journal
        }
        return .plain(.suiting(descriptor: descriptor, environment: environment))
    }

    /// Returns what `LoggingSystem.bootstrap(_:)` wants: a maker of handlers for this destination, at this level.
    ///
    /// The identifier is the program's name in the journal (`SYSLOG_IDENTIFIER`). What is logged goes through
    /// ``LogOutlet``: nobody waits for whoever reads it.
    public func handlerFactory(identifier: String, level: Logger.Level) -> @Sendable (String) -> any LogHandler {
        { label in
            let outlet = LogOutlet.shared
            switch self {
            case .journal:
                return JournalLogHandler(
                    label: label,
                    identifier: identifier,
                    logLevel: level,
                    fallback: .standardError,
                    outlet: outlet
                )
            case .plain(let style):
                let writer = LineWriter(descriptor: STDERR_FILENO, outlet: outlet)
                return PlainLogHandler(logLevel: level, style: style, writer: writer)
            }
        }
    }
}
