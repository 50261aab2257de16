import Glibc
import RedisClient

/// Searching in names, which may hold any byte; what is found are places, not copies.
extension Bytes {
    /// Whether other bytes stand at a place.
    func hold(_ other: Bytes, at start: Int) -> Bool {
        guard start >= 0, start + other.count <= count else { return false }
        return withUnsafeBytes { all in
            other.withUnsafeBytes { part in
                guard let base = all.baseAddress, let first = part.baseAddress else { return true }
                return memcmp(base + start, first, part.count) == 0
            }
        }
    }

    /// Whether two parts say the same.
    func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one == other || one.count == other.count && self[one].elementsEqual(self[other])
    }

    /// A part of these bytes without a suffix; nil where it does not end so.
    func range(_ part: Range<Int>, droppingSuffix suffix: Bytes) -> Range<Int>? {
        let end = part.upperBound - suffix.count
        return end >= part.lowerBound && hold(suffix, at: end) ? part.lowerBound..<end : nil
    }

    /// Where a byte stands in a part of these bytes, the leftmost.
    func place(of byte: UInt8, in part: Range<Int>) -> Int? {
        withUnsafeBytes { all in
            guard let base = all.baseAddress, let found = memchr(base + part.lowerBound, Int32(byte), part.count) else {
                return nil
            }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Calls a function with where a separator begins in a part of these bytes, from the left, at most so many times.
    func eachPlace(of separator: Bytes, in part: Range<Int>, limit: Int, _ body: (Int) -> Void) {
        guard let first = separator.first else { return }
        var left = limit
        var rest = part
        while left > 0, let start = place(of: first, in: rest), start + separator.count <= part.upperBound {
            if hold(separator, at: start) {
                body(start)
                left -= 1
            }
            rest = start + 1..<part.upperBound
        }
    }
}
