import Logging

/// Writes log events as lines for people: level, message and `key=value` pairs, to standard error.
///
/// Whatever could end the line or drive a terminal is written as `\xNN`, and values are quoted where they need it, so one
/// event is one line and nothing in it can pass for another. The metadata key `message-id` is not shown.
public struct PlainLogHandler: LogHandler {
    /// The least level that is written.
    public var logLevel: Logger.Level

    /// What goes with every event of this logger.
    public var metadata: Logger.Metadata = [:]

    /// What goes with every event by its context.
    public var metadataProvider: Logger.MetadataProvider?

    private let style: PlainLogStyle
    private let writer: LineWriter

    /// Creates a handler that writes to standard error in this style.
    public init(
        logLevel: Logger.Level = .info,
        style: PlainLogStyle = PlainLogStyle(),
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.init(logLevel: logLevel, style: style, metadataProvider: metadataProvider, writer: .standardError)
    }

    init(
        logLevel: Logger.Level = .info,
        style: PlainLogStyle = PlainLogStyle(),
        metadataProvider: Logger.MetadataProvider? = nil,
        writer: LineWriter
    ) {
        self.logLevel = logLevel
        self.style = style
        self.metadataProvider = metadataProvider
        self.writer = writer
    }

    /// The value that goes under this key with every event.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line, with one write(2).
    public func log(event: LogEvent) {
        let line = PlainLogLine(
            time: style.showsTime ? .now : nil,
            level: event.level,
            colored: style.usesColor,
            message: event.message.description,
            pairs: pairs(of: event)
        )
        writer.write(line.text)
    }
}
