/// Text from elsewhere, made safe to show: what a peer, a key or a document says may hold any byte.
///
/// One notation for all: what could drive a terminal, end a line, or hide or reorder letters is written as the `\xNN` of
/// each of its bytes. Those are control characters of C0 and C1, DEL, line and paragraph separators, whatever changes the
/// direction of text or has no width, and what is no character. Bytes that are not UTF-8 are written so one by one.
public enum SafeText {
    /// Bytes of any kind, cut to so many characters; a backslash is doubled, so that two texts never look the same.
    public static func escaped(_ bytes: some Collection<UInt8>, limit: Int = 120) -> String {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            var text = ""
            var shown = 0
            for byte in bytes {
                guard shown < limit else { return text + "…" }
                let isPlain = (0x20...0x7E).contains(byte)
                text += isPlain ? escaped(UnicodeScalar(byte)) : hexadecimal(byte)
                shown += 1
            }
            return text
        }
        var text = ""
        var shown = 0
        var decoder = UTF8()
        var bytes = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&bytes) {
            guard shown < limit else { return text + "…" }
            text += escaped(scalar)
            shown += 1
        }
        return text
    }

    /// A text, as ``escaped(_:limit:)`` for bytes.
    public static func escaped(_ text: some StringProtocol, limit: Int = 120) -> String {
        escaped(text.utf8, limit: limit)
    }

    /// A text that was put together from escaped parts: backslashes stay, and whatever else got in is escaped.
    public static func guarded(_ text: String, limit: Int = .max) -> String {
        guard text.utf8.contains(where: { !(0x20...0x7E).contains($0) }) || text.utf8.count > limit else { return text }
        var result = ""
        var shown = 0
        for scalar in text.unicodeScalars {
            guard shown < limit else { return result + "…" }
            result += isUnsafe(scalar) ? hexadecimal(scalar) : String(scalar)
            shown += 1
        }
        return result
    }

    /// A text of several lines: as ``guarded(_:limit:)``, line by line.
    public static func guarded(lines text: String) -> String {
        guard text.utf8.contains(where: { !(0x20...0x7E).contains($0) }) else { return text }
        return text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { guarded(String($0)) }.joined(separator: "\n")
    }

    /// A JSON text whose strings have the same values, and in which nothing is unsafe: JSON's own `\uNNNN` stands for it.
    ///
    /// Between strings JSON has only line ends and blanks, which stay.
    public static func json(_ text: String) -> String {
        guard text.utf8.contains(where: { !(0x20...0x7E).contains($0) }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar != "\n", isUnsafe(scalar) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whether a character can drive a terminal, end a line, or hide or reorder what stands around it.
    public static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return !(0x20...0x7E).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\\" { return "\\\\" }
        return isUnsafe(scalar) ? hexadecimal(scalar) : String(scalar)
    }

    /// The bytes of a character, each as `\xNN`.
    public static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf8.reduce(into: "") { $0 += hexadecimal($1) }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
        return "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
}
