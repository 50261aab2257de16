/// Lengths of time as people write them: `30s`, `2ms`, `1h30m`, `7d`, and `0`.
///
/// Whole numbers with units from `d`, `h`, `m`, `s`, `ms`, `us`, the larger first, each at most once. A number
/// without a unit is refused, but for zero, which is the same in all of them.
public enum DurationText {
    private static let units: [(name: String, microseconds: Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1),
    ]

    /// Reads a length of time.
    public static func parse(_ text: String) throws(ValueFault) -> Duration {
        guard !text.isEmpty else { throw ValueFault("is empty") }
        if text == "0" { return .zero }
        var rest = text[...]
        var smallest = -1
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let number = try self.number(digits)
            let name = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard !name.isEmpty else { throw missingUnit(after: rest.dropFirst(digits.count)) }
            guard let index = units.firstIndex(where: { $0.name == name }) else { throw ValueFault(unknownUnit) }
            guard index > smallest else { throw ValueFault("has its units twice or out of order") }
            smallest = index
            let (part, partOverflow) = number.multipliedReportingOverflow(by: units[index].microseconds)
            let (sum, sumOverflow) = total.addingReportingOverflow(part)
            guard !partOverflow, !sumOverflow else { throw ValueFault("is out of range") }
            total = sum
            rest = rest.dropFirst(digits.count + name.count)
        }
        return .microseconds(total)
    }

    /// Writes a length of time in the form that ``parse(_:)`` reads, cut to whole microseconds.
    public static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        guard rest > 0 else { return "0" }
        var text = ""
        for unit in units where rest >= unit.microseconds {
            text += "\(rest / unit.microseconds)\(unit.name)"
            rest %= unit.microseconds
        }
        return text
    }

    private static let unknownUnit = "has an unknown unit (there are d, h, m, s, ms and us)"

    private static func number(_ digits: Substring) throws(ValueFault) -> Int64 {
        guard !digits.isEmpty else { throw ValueFault("is not a duration") }
        guard let number = Int64(digits) else { throw ValueFault("is out of range") }
        return number
    }

    private static func missingUnit(after rest: Substring) -> ValueFault {
        switch rest.first {
        case nil: ValueFault("has no unit")
        case ".", ",": ValueFault("has a fraction", remedy: "combine units instead, such as 1h30m")
        default: ValueFault("is not a duration")
        }
    }
}
