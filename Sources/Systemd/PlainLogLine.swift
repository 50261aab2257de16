import Logging
import RedisClient

/// One log event as a line for people.
struct PlainLogLine: Sendable {
    var time: TimeOfDay?
    let level: Logger.Level
    var colored = false
    let message: String
    let pairs: [(key: String, value: String)]

    /// The time if there is one, the level, the message and `key=value` pairs, all of it on one line.
    ///
    /// Whatever could end the line, drive the terminal or pass for another pair is escaped or quoted.
    var text: String {
        var parts: [String] = []
        if let time { parts.append(time.description) }
        parts.append(colored ? level.coloredWord : level.word)
        parts.append(SafeText.guarded(message))
        for (key, value) in pairs where !Self.hidden.contains(JournalField.name(forKey: key)) {
            parts.append("\(LogText.word(key))=\(LogText.word(value))")
        }
        return parts.joined(separator: " ")
    }

    /// Fields that serve the journal and tell a reader of the line nothing new.
    private static let hidden: Set<String> = ["MESSAGE_ID", JournalEntry.sentence]
}

extension Logger.Level {
    fileprivate var word: String { rawValue.uppercased() }

    fileprivate var coloredWord: String {
        switch self {
        case .trace, .debug: "\u{1B}[2m\(word)\u{1B}[0m"
        case .info: word
        case .notice: "\u{1B}[1m\(word)\u{1B}[0m"
        case .warning: "\u{1B}[33m\(word)\u{1B}[0m"
        case .error, .critical: "\u{1B}[31m\(word)\u{1B}[0m"
        }
    }
}
