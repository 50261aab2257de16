/// Numbers of bytes as people write them: `64MiB`, `512KiB`, `1GiB`, or a plain number.
///
/// Only units that mean one thing are read: `MB` may be 1,000,000 or 1,048,576 bytes, so it is refused.
enum ByteText {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    static func parse(_ text: String) throws(ValueFault) -> Int {
        guard !text.isEmpty else { throw ValueFault("is empty") }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count)
        guard !digits.isEmpty else { throw ValueFault("is not a size") }
        let number = try wholeNumber(digits)
        if name.isEmpty { return number }
        guard let unit = units.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            throw ValueFault("has an unknown unit (there are KiB, MiB and GiB)")
        }
        let (size, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow else { throw ValueFault("is out of range") }
        return size
    }

    static func format(_ size: Int) -> String {
        for unit in units where size >= unit.bytes && size % unit.bytes == 0 {
            return "\(size / unit.bytes)\(unit.name)"
        }
        return "\(size)"
    }
}
