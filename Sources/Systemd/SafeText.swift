/// Makes text from elsewhere safe to show where a control character would have a meaning of its own.
///
/// Swift strings hold valid UTF-8 at all times, so what arrives here from broken bytes already carries U+FFFD.
enum SafeText {
    /// Returns the text with every unsafe scalar replaced by a space, cut to a number of UTF-8 bytes.
    ///
    /// What is cut ends in an ellipsis, which counts towards the limit; no scalar is ever halved.
    static func oneLine(_ text: String, atMost limit: Int) -> String {
        let ellipsis: Unicode.Scalar = "…"
        var line = String.UnicodeScalarView()
        var bytes = 0
        var lastFit = line.startIndex
        for scalar in text.unicodeScalars {
            let shown = isUnsafe(scalar) ? " " : scalar
            bytes += UTF8.width(shown)
            guard bytes <= limit else {
                line.removeSubrange(lastFit...)
                line.append(ellipsis)
                return String(line)
            }
            line.append(shown)
            if bytes + UTF8.width(ellipsis) <= limit { lastFit = line.endIndex }
        }
        return String(line)
    }

    /// Returns the text with the UTF-8 bytes of every unsafe scalar written as `\xNN`.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        return text.unicodeScalars.reduce(into: "") { $0 += isUnsafe($1) ? hexadecimal($1) : String($1) }
    }

    /// Returns the text as one word: as it is where that is unambiguous, else escaped and in double quotes.
    ///
    /// Between quotes a backslash and a quote carry a backslash, so that the reader can undo it.
    static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { isUnsafe($0) || separates($0) }
        if isPlain { return text }
        let inner = text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            default: result += isUnsafe(scalar) ? hexadecimal(scalar) : String(scalar)
            }
        }
        return "\"\(inner)\""
    }

    /// Tells whether a scalar can end a line, drive a terminal, or reorder what stands around it.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true  // C0, DEL and C1, in which 0x9B alone starts a terminal sequence
        case 0x2028, 0x2029: true  // line and paragraph separator
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true  // direction marks and overrides
        default: false
        }
    }

    private static func separates(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "=", "\"", "\\": true
        default: scalar.properties.isWhitespace
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        UTF8.encode(scalar).map { bytes in
            bytes.reduce(into: "") { result, byte in
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            }
        } ?? ""
    }
}
