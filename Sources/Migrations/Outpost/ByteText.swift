import RedisClient

/// Searching in names, which may hold any byte.
extension Bytes {
    /// The rest behind a prefix; nil without it.
    func dropping(prefix: Bytes) -> Bytes? {
        starts(with: prefix) ? Array(dropFirst(prefix.count)) : nil
    }

    /// The part before a suffix; nil without it.
    func dropping(suffix: Bytes) -> Bytes? {
        count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
            ? Array(dropLast(suffix.count)) : nil
    }

    /// Every way to split it in two around a separator, from the left.
    func splits(around separator: Bytes) -> [(before: Bytes, after: Bytes)] {
        guard count >= separator.count, !separator.isEmpty else { return [] }
        return (0...(count - separator.count)).compactMap { start in
            guard self[start..<start + separator.count].elementsEqual(separator) else { return nil }
            return (Array(self[..<start]), Array(self[(start + separator.count)...]))
        }
    }
}
