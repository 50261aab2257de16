import Logging
import RedisClient

/// Writes log events to the journal, each piece of metadata as a field of its own.
///
/// The fields of an entry are `MESSAGE`, `PRIORITY`, `SYSLOG_IDENTIFIER`, `CODE_FILE`, `CODE_LINE`, `CODE_FUNC`,
/// `LOGGER` (the label), and one for each metadata key: `migration` becomes `MIGRATION`, `message-id` becomes
/// `MESSAGE_ID`; the value of `sentence` is the message instead of the event's own. A key that would begin with a digit or '_', or take the name of a field above, gets `FIELD_` before it;
/// names end at 64 bytes. No value can become another field, whatever it holds.
public struct JournalLogHandler: LogHandler {
    /// The least level that is written.
    public var logLevel: Logger.Level

    /// What goes with every event of this logger.
    public var metadata: Logger.Metadata = [:]

    /// What goes with every event by its context.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let identifier: String
    private let fallback: LineWriter
    private let outlet: Outlet?

    /// Creates a handler for the logger of this label; `identifier` is the program's name, as `journalctl -t` takes it.
    public init(
        label: String,
        identifier: String,
        logLevel: Logger.Level = .info,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.init(
            label: label,
            identifier: identifier,
            logLevel: logLevel,
            metadataProvider: metadataProvider,
            fallback: .standardError
        )
    }

    init(
        label: String,
        identifier: String,
        logLevel: Logger.Level = .info,
        metadataProvider: Logger.MetadataProvider? = nil,
        fallback: LineWriter,
        outlet: Outlet? = nil
    ) {
        self.label = label
        self.identifier = identifier
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
        self.fallback = fallback
        self.outlet = outlet
    }

    /// The value that goes under this key with every event.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one entry; if the journal refuses it, one plain line to standard error.
    public func log(event: LogEvent) {
        let pairs = pairs(of: event)
        let entry = JournalEntry(event: event, label: label, identifier: identifier, pairs: pairs)
        let line = PlainLogLine(level: event.level, message: event.message.description, pairs: pairs)
        let fallback = fallback
        let send: @Sendable () -> Void = {
            guard !Journal.send(entry) else { return }
            fallback.write(line.text)
        }
        guard let outlet else { return send() }
        outlet.offer(cost: entry.cost, send)
    }
}
