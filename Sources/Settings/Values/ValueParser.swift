/// The one reading of a text as a value of a kind, and the words that describe the kind.
struct ValueParser<Value>: Sendable {
    /// What may be written, for the documentation and for the way out of an error: "a whole number from 1 to 65535".
    let form: String

    private let read: @Sendable (String) throws(ValueFault) -> Value

    init(_ form: String, _ read: @escaping @Sendable (String) throws(ValueFault) -> Value) {
        self.form = form
        self.read = read
    }

    /// The value, or a fault that always names a way out.
    func parse(_ text: String) throws(ValueFault) -> Value {
        do {
            return try read(text)
        } catch {
            guard error.remedy.isEmpty else { throw error }
            throw ValueFault(error.reason, remedy: "give \(form)")
        }
    }
}

extension ValueParser {
    /// The kind in which an empty text means that there is none.
    static func optional<Wrapped>(_ wrapped: ValueParser<Wrapped>) -> ValueParser<Wrapped?> where Value == Wrapped? {
        ValueParser<Wrapped?>(wrapped.form) { text throws(ValueFault) in
            text.isEmpty ? nil : try wrapped.parse(text)
        }
    }
}

extension ValueParser where Value == Bool {
    /// True or false, in the words that people use for them, in any case.
    static var boolean: Self {
        Self("true or false") { text throws(ValueFault) in
            switch text.lowercased() {
            case "true", "1", "yes", "on": return true
            case "false", "0", "no", "off": return false
            case "": throw ValueFault("is empty")
            default: throw ValueFault("is neither true nor false")
            }
        }
    }
}

extension ValueParser where Value == Int {
    /// Digits and nothing else, in a range.
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self("a whole number from \(range.lowerBound) to \(range.upperBound)") { text throws(ValueFault) in
            let number = try wholeNumber(text)
            guard range.contains(number) else { throw ValueFault("is out of range") }
            return number
        }
    }

    /// A number of bytes, in a range.
    static func bytes(_ range: ClosedRange<Int>) -> Self {
        let form = "a size from \(ByteText.format(range.lowerBound)) to \(ByteText.format(range.upperBound))"
        return Self("\(form), such as 64MiB") { text throws(ValueFault) in
            let size = try ByteText.parse(text)
            guard range.contains(size) else { throw ValueFault("is out of range") }
            return size
        }
    }
}

extension ValueParser where Value == Duration {
    /// A length of time, in a range; `zero` says what zero means where it is allowed beside the range.
    static func duration(_ range: ClosedRange<Duration>, zero: String? = nil) -> Self {
        let bounds = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        let form = zero.map { "a duration from \(bounds), or 0 for \($0)" } ?? "a duration from \(bounds)"
        return Self(form) { text throws(ValueFault) in
            let duration = try DurationText.parse(text)
            if duration == .zero, zero != nil { return duration }
            guard range.contains(duration) else { throw ValueFault("is out of range") }
            return duration
        }
    }
}

extension ValueParser where Value == Settings.Approval {
    /// One of the two kinds of gate.
    static var approval: Self {
        Self("automatic or required") { text throws(ValueFault) in
            guard let approval = Settings.Approval(rawValue: text) else {
                throw ValueFault(text.isEmpty ? "is empty" : "is neither")
            }
            return approval
        }
    }
}

extension ValueParser where Value == Settings.SchemaTarget? {
    /// The newest version, or one by number.
    static var target: Self {
        Self("latest or a version number") { text throws(ValueFault) in
            if text == "latest" { return .latest }
            return .version(try wholeNumber(text))
        }
    }
}

/// Decimal digits without sign, blanks, separators or leading zeros, which some readers take for octal.
func wholeNumber(_ text: some StringProtocol) throws(ValueFault) -> Int {
    guard !text.isEmpty else { throw ValueFault("is empty") }
    guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
        throw ValueFault("is not a whole number")
    }
    guard text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0") else {
        throw ValueFault("begins with a zero")
    }
    guard let number = Int(text) else { throw ValueFault("is out of range") }
    return number
}
