import RedisClient

/// The text by which people are shown a key's name, which may hold any byte.
public enum KeyText {
    /// The name with everything that is not printable ASCII or a printable letter written as `\xNN`, cut to a length.
    ///
    /// Nothing in the result can move a terminal's cursor, end a line or end a field.
    public static func escaped(_ name: Bytes, limit: Int = 120) -> String {
        var text = ""
        var shown = 0
        var decoder = UTF8()
        var bytes = name.makeIterator()
        if String(validating: name, as: UTF8.self) == nil {
            for byte in name {
                guard shown < limit else { return text + "…" }
                text += escaped(byte: byte)
                shown += 1
            }
            return text
        }
        while case .scalarValue(let scalar) = decoder.decode(&bytes) {
            guard shown < limit else { return text + "…" }
            shown += 1
            if scalar.isASCII {
                text += escaped(byte: UInt8(scalar.value))
            } else if isPrintable(scalar) {
                text.unicodeScalars.append(scalar)
            } else {
                for byte in Array(String(scalar).utf8) { text += hexadecimal(byte) }
            }
        }
        return text
    }

    /// A text that was escaped before it was stored: backslashes stay, everything else is escaped as in `escaped`.
    public static func printable(_ text: String) -> String {
        escaped(Bytes(text), limit: 500).replacing("\\\\", with: "\\")
    }

    private static func escaped(byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\\"): return "\\\\"
        case 0x20...0x7E: return String(UnicodeScalar(byte))
        default: return hexadecimal(byte)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
        return "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }

    private static func isPrintable(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}
