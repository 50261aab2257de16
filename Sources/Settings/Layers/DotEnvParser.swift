/// A reader of `.env` files: `NAME=value`, one a line, as the libraries of that name read them.
///
/// - `export` may stand before the name, blanks around the `=`, and `:` in its place. `#` begins a comment at the start
///   of a line, and after an unquoted value if a blank is before it. Blanks around an unquoted value do not count.
/// - In `'…'` everything stands for itself; in `"…"` the escapes `\n`, `\"`, `\\` and `\$` count. Nothing is expanded:
///   `$` is a dollar sign.
/// - What does not concern this program belongs to others: their lines may be anything, and their values may go over
///   several lines if they are quoted.
struct DotEnvParser {
    struct Line: Equatable {
        let number: Int
        let content: Content
    }

    enum Content: Equatable {
        /// A variable of ours and its text.
        case assignment(name: String, text: String)
        /// A variable of ours, and what is wrong with its line.
        case fault(name: String, message: String)
        /// A name that looks like ours and is not.
        case unknown(name: String)
    }

    private struct Fault: Error {
        let message: String
    }

    private var rest: Substring.UnicodeScalarView
    private var line = 1
    private var firstLines: [String: Int] = [:]

    init(_ text: String) {
        rest = text[...].unicodeScalars
    }

    /// The assignments that concern this program, and the faults, in the order of the file.
    mutating func lines() -> [Line] {
        var lines: [Line] = []
        while !rest.isEmpty {
            let number = line
            if let content = next() { lines.append(Line(number: number, content: content)) }
        }
        return lines
    }

    private mutating func next() -> Content? {
        skipBlanks()
        if rest.first == "#" || rest.first == nil || isAtLineEnd {
            skipLine()
            return nil
        }
        let start = (rest, line)
        let name = readName()
        guard SettingTable.key(ofVariable: name) != nil else {
            (rest, line) = start
            skipOthers()
            return SettingTable.looksLikeOurs(name) ? .unknown(name: name) : nil
        }
        do throws(Fault) {
            // The rest of the line may be a secret, so it is not shown.
            guard skipSeparator() else { throw Fault(message: "has no = behind it; write NAME=value") }
            let text = try value(mayHaveLines: false)
            if let first = firstLines[name] { throw Fault(message: "is already on line \(first); keep one") }
            firstLines[name] = start.1
            return .assignment(name: name, text: text)
        } catch {
            (rest, line) = start
            skipLine()
            return .fault(name: name, message: error.message)
        }
    }

    /// The name at the start of the line, behind `export` if that is there.
    private mutating func readName() -> String {
        let word = readWord()
        guard word == "export", let next = rest.first, isBlank(next) else { return word }
        skipBlanks()
        return readWord()
    }

    private mutating func readWord() -> String {
        let word = rest.prefix { $0.isASCII && isNameByte(UInt8(truncatingIfNeeded: $0.value)) }
        rest = rest[word.endIndex...]
        return String(word)
    }

    private mutating func skipSeparator() -> Bool {
        skipBlanks()
        guard rest.first == "=" || rest.first == ":" else { return false }
        rest.removeFirst()
        return true
    }

    /// Passes over a line that is not for us: with its value if that is quoted over several lines, else alone.
    private mutating func skipOthers() {
        let start = (rest, line)
        let head = rest.prefix { $0 != "=" && $0 != "\n" }
        rest = rest[head.endIndex...]
        guard rest.popFirst() == "=", (try? value(mayHaveLines: true)) != nil else {
            (rest, line) = start
            return skipLine()
        }
    }

    private mutating func value(mayHaveLines: Bool) throws(Fault) -> String {
        let hadBlank = skipBlanks()
        guard let quote = rest.first, quote == "'" || quote == "\"" else {
            return unquoted(afterBlank: hadBlank)
        }
        rest.removeFirst()
        let text = try quoted(quote, isStrict: !mayHaveLines)
        let hasBlank = skipBlanks()
        guard isAtLineEnd || (hasBlank && rest.first == "#") else {
            throw Fault(message: "has text after its closing quote")
        }
        skipLine()
        return text
    }

    private mutating func unquoted(afterBlank: Bool) -> String {
        var text = ""
        var wasBlank = afterBlank
        while let scalar = rest.first, !isAtLineEnd, !(scalar == "#" && wasBlank) {
            text.unicodeScalars.append(scalar)
            wasBlank = isBlank(scalar)
            rest.removeFirst()
        }
        skipLine()
        while let last = text.unicodeScalars.last, isBlank(last) { text.unicodeScalars.removeLast() }
        return text
    }

    private mutating func quoted(_ quote: Unicode.Scalar, isStrict: Bool) throws(Fault) -> String {
        var text = ""
        while let scalar = rest.popFirst() {
            switch scalar {
            case quote:
                return text
            case "\n" where isStrict:
                throw Fault(message: "has a quote that is not closed on its line")
            case "\n":
                line += 1
                text.unicodeScalars.append(scalar)
            case "\\" where quote == "\"":
                text.unicodeScalars.append(try escaped(isStrict: isStrict))
            default:
                text.unicodeScalars.append(scalar)
            }
        }
        throw Fault(message: "has a quote that is never closed")
    }

    private mutating func escaped(isStrict: Bool) throws(Fault) -> Unicode.Scalar {
        switch rest.first {
        case "n":
            rest.removeFirst()
            return "\n"
        case let scalar? where scalar == "\"" || scalar == "\\" || scalar == "$":
            rest.removeFirst()
            return scalar
        default:
            guard isStrict else { return "\\" }
            throw Fault(message: "has an unknown escape; write \\\\ for a backslash, or use single quotes")
        }
    }

    @discardableResult
    private mutating func skipBlanks() -> Bool {
        let before = rest.startIndex
        rest = rest.drop(while: isBlank)
        return rest.startIndex != before
    }

    private mutating func skipLine() {
        rest = rest.drop { $0 != "\n" }
        if rest.popFirst() != nil { line += 1 }
    }

    /// A carriage return counts only before a line feed; elsewhere it is a control character, which is refused later.
    private var isAtLineEnd: Bool {
        switch rest.first {
        case nil, "\n": true
        case "\r": rest.dropFirst().first == "\n" || rest.dropFirst().isEmpty
        default: false
        }
    }

    private func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
}
