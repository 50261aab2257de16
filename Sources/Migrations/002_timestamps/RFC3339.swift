import RedisClient

/// Reads timestamps of RFC 3339, section 5.6, as milliseconds since 1970.
///
/// Accepts fractions of any length (cut to the millisecond that has begun), any offset, lower case, a blank for the `T`
/// as the RFC's note allows, and a leap second, which counts as the second after it.
enum RFC3339 {
    /// The time in these bytes; nil for what is no timestamp.
    static func milliseconds(_ text: some Sequence<UInt8>) -> Int64? {
        text.withContiguousStorageIfAvailable(milliseconds) ?? Bytes(text).withUnsafeBufferPointer(milliseconds)
    }

    private static func milliseconds(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T", or: "t", or: " "),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"),
            let second = reader.number(2),
            let fraction = reader.milliseconds(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        guard (1...12).contains(month), (1...days(in: month, of: year)).contains(day), hour <= 23, minute <= 59,
            second <= 60
        else { return nil }
        let seconds = daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
        return seconds * 1000 + fraction
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: return 30
        case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: return 31
        }
    }

    /// Days of the proleptic Gregorian calendar: years are counted from March, so that the leap day is a year's last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        // Year 0 shifted to −1 is the only negative one; division must round down.
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// Takes a timestamp apart, byte by byte.
private struct DigitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    /// A number of exactly so many digits.
    mutating func number(_ digits: Int) -> Int64? {
        guard position + digits <= bytes.count else { return nil }
        var number: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// One of these characters.
    mutating func skip(
        _ first: Unicode.Scalar,
        or second: Unicode.Scalar? = nil,
        or third: Unicode.Scalar? = nil
    ) -> Bool {
        guard position < bytes.count else { return false }
        let next = Unicode.Scalar(bytes[position])
        guard next == first || next == second || next == third else { return false }
        position += 1
        return true
    }

    /// The milliseconds of a fraction of any length; 0 without one, nil for a point without digits.
    mutating func milliseconds() -> Int64? {
        guard skip(".") else { return 0 }
        var number: Int64 = 0
        var count = 0
        while let digit = digit() {
            if count < 3 { number = number * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(3, count) { number *= 10 }
        return number
    }

    /// The seconds by which local time is ahead of UTC.
    mutating func offset() -> Int64? {
        if skip("Z", or: "z") { return 0 }
        let isAhead = skip("+")
        guard isAhead || skip("-"), let hours = number(2), skip(":"), let minutes = number(2), hours <= 23,
            minutes <= 59
        else { return nil }
        return (isAhead ? 1 : -1) * (hours * 3600 + minutes * 60)
    }

    private mutating func digit() -> Int64? {
        guard position < bytes.count, (48...57).contains(bytes[position]) else { return nil }
        position += 1
        return Int64(bytes[position - 1] - 48)
    }
}
