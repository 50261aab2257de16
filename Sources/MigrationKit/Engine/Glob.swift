import RedisClient

/// Patterns of SCAN's MATCH.
enum Glob {
    /// The pattern of all names with a prefix, whatever bytes the prefix holds.
    static func matching(prefix: Bytes) -> Bytes { escaped(prefix) + [any] }

    /// The pattern of all names that hold a part anywhere, whatever bytes the part has.
    static func matching(part: Bytes) -> Bytes { [any] + escaped(part) + [any] }

    private static func escaped(_ name: Bytes) -> Bytes {
        var pattern: Bytes = []
        for byte in name {
            if special.contains(byte) { pattern.append(UInt8(ascii: "\\")) }
            pattern.append(byte)
        }
        return pattern
    }

    private static let any = UInt8(ascii: "*")

    private static let special = Set(#"*?[]\^-"#.utf8)
}
