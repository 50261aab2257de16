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

    /// The ways to split it in two around a separator, from the left, at most so many.
    func splits(around separator: Bytes, limit: Int) -> [(before: Bytes, after: Bytes)] {
        guard count >= separator.count, !separator.isEmpty else { return [] }
        var splits: [(before: Bytes, after: Bytes)] = []
        for start in 0...(count - separator.count) where splits.count < limit {
            guard self[start..<start + separator.count].elementsEqual(separator) else { continue }
            splits.append((Array(self[..<start]), Array(self[(start + separator.count)...])))
        }
        return splits
    }
}
