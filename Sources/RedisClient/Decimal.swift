/// Numbers as decimal digits in bytes, without a text between.
enum Decimal {
    /// The most bytes that a number of 64 bits takes: a sign and 19 digits.
    static let longest = 20

    /// Writes a number, and returns how many bytes it took; there must be room for `longest`.
    static func write(_ number: Int, at start: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = number.magnitude
        var count = number < 0 ? 2 : 1
        while rest >= 10 {
            count += 1
            rest /= 10
        }
        rest = number.magnitude
        var place = start + count
        repeat {
            place -= 1
            place.pointee = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if number < 0 { start.pointee = UInt8(ascii: "-") }
        return count
    }
}

extension Bytes {
    /// The decimal digits of a number, with its sign if it is negative.
    public init(decimal number: Int) {
        self.init(unsafeUninitializedCapacity: Decimal.longest) { room, count in
            count = room.baseAddress.map { Decimal.write(number, at: $0) } ?? 0
        }
    }

    /// The decimal digits of a number, with its sign if it is negative.
    public init(decimal number: Int64) {
        self.init(decimal: Int(number))
    }

    /// Adds the decimal digits of a number, with its sign if it is negative.
    public mutating func append(decimal number: Int) {
        append(addingCapacity: Decimal.longest) { span in
            span.withUnsafeMutableBufferPointer { room, used in
                used += room.baseAddress.map { Decimal.write(number, at: $0 + used) } ?? 0
            }
        }
    }
}
