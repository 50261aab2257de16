import RedisClient

/// Patterns of SCAN's MATCH.
enum Glob {
    /// The pattern of all names with a prefix, whatever bytes the prefix holds.
    static func matching(prefix: Bytes) -> Bytes {
        var pattern: Bytes = []
        for byte in prefix {
            if special.contains(byte) { pattern.append(UInt8(ascii: "\\")) }
            pattern.append(byte)
        }
        pattern.append(UInt8(ascii: "*"))
        return pattern
    }

    private static let special = Set(#"*?[]\^-"#.utf8)
}
