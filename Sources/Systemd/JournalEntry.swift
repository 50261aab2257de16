import Logging
import RedisClient

/// One log event as the journal will hold it.
struct JournalEntry: Equatable, Sendable {
    let fields: [JournalField]

    /// journald refuses an entry of more than 1,024 fields, and libsystemd keeps them all on the stack.
    static let metadataLimit = 256

    /// The metadata that becomes the message: an event in one sentence with its facts, for whoever sees no fields.
    static let sentence = "SENTENCE"

    init(event: LogEvent, label: String, identifier: String, pairs: [(key: String, value: String)]) {
        let sentence = pairs.first { JournalField.name(forKey: $0.key) == Self.sentence }?.value
        let pairs = pairs.filter { JournalField.name(forKey: $0.key) != Self.sentence }
        // Whoever ships lines takes one: a sentence is one line.
        let message = sentence.map { SafeText.guarded($0) } ?? SafeText.guarded(lines: event.message.description)
        let own = [
            JournalField(name: "MESSAGE", value: message),
            JournalField(name: "PRIORITY", value: String(event.level.syslogPriority)),
            JournalField(name: "SYSLOG_IDENTIFIER", value: identifier),
            JournalField(name: "CODE_FILE", value: event.file),
            JournalField(name: "CODE_LINE", value: String(event.line)),
            JournalField(name: "CODE_FUNC", value: event.function),
            JournalField(name: "LOGGER", value: label),
        ]
        fields =
            own
            + pairs.prefix(Self.metadataLimit).map { key, value in
                JournalField(name: JournalField.name(forKey: key), value: SafeText.guarded(lines: value))
            }
    }
}

extension JournalEntry {
    /// That so many lines are missing here.
    init(dropped: Int, message: String) {
        fields = [
            JournalField(name: "MESSAGE", value: message),
            JournalField(name: "PRIORITY", value: String(Logger.Level.warning.syslogPriority)),
            JournalField(name: "DROPPED", value: String(dropped)),
        ]
    }

    /// About how many bytes it takes.
    var cost: Int { fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } }
}

extension Logger.Level {
    /// The priority of syslog(3), 2 (critical) to 7 (debug); syslog has no trace, which joins debug.
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
