import RedisClient

/// The forms that ``SafeText`` takes in a status line and in a log.
enum LogText {
    /// The text on one line, cut to a number of UTF-8 bytes.
    ///
    /// What is cut ends in an ellipsis, which counts towards the limit; no character is ever halved.
    static func oneLine(_ text: String, atMost limit: Int) -> String {
        let ellipsis: Unicode.Scalar = "…"
        var line = String.UnicodeScalarView()
        var bytes = 0
        var lastFit = line.startIndex
        for scalar in SafeText.guarded(text).unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= limit else {
                line.removeSubrange(lastFit...)
                line.append(ellipsis)
                return String(line)
            }
            line.append(scalar)
            if bytes + UTF8.width(ellipsis) <= limit { lastFit = line.endIndex }
        }
        return String(line)
    }

    /// The text as one word: as it is where that is unambiguous, else escaped and in double quotes.
    ///
    /// Between quotes a backslash and a quote carry a backslash, so that the reader can undo it.
    static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { SafeText.isUnsafe($0) || separates($0) }
        if isPlain { return text }
        let inner = text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            default: result += SafeText.isUnsafe(scalar) ? SafeText.hexadecimal(scalar) : String(scalar)
            }
        }
        return "\"\(inner)\""
    }

    private static func separates(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "=", "\"", "\\": true
        default: scalar.properties.isWhitespace
        }
    }
}
