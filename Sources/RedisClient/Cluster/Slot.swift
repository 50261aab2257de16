/// One of the 16,384 parts of a cluster's keyspace.
///
/// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
public struct Slot: Sendable, Hashable, Comparable {
    /// How many there are.
    public static let count = 16_384

    /// Its number, from 0.
    public let number: Int

    /// The slot of a number below `count`.
    public init(_ number: Int) {
        precondition((0..<Self.count).contains(number), "no slot has this number")
        self.number = number
    }

    /// The slot of a key: of what stands between its first brace and the next closing one, if that is not empty.
    public init(of key: Bytes) {
        var part = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")) {
            let rest = key[(open + 1)...]
            if let close = rest.firstIndex(of: UInt8(ascii: "}")), close > open + 1 { part = rest[..<close] }
        }
        number = Int(CRC16.checksum(part)) % Self.count
    }

    /// The smallest decimal number that hashes here: between braces it puts a key of ours into this slot.
    public var tag: Int { Self.tags[number] }

    /// By number.
    public static func < (left: Slot, right: Slot) -> Bool { left.number < right.number }

    private static let tags: [Int] = {
        var tags = [Int](repeating: -1, count: count)
        var missing = count
        var next = 0
        while missing > 0 {
            let slot = Int(CRC16.checksum(Array(String(next).utf8)[...])) % count
            if tags[slot] < 0 {
                tags[slot] = next
                missing -= 1
            }
            next += 1
        }
        return tags
    }()
}
