import RedisClient

/// Searching in names, which may hold any byte; what is found are parts of the name, not copies.
extension ArraySlice<UInt8> {
    /// The rest behind a prefix; nil without it.
    func dropping(prefix: Bytes) -> ArraySlice? {
        starts(with: prefix) ? dropFirst(prefix.count) : nil
    }

    /// The part before a suffix; nil without it.
    func dropping(suffix: Bytes) -> ArraySlice? {
        count >= suffix.count && self.suffix(suffix.count).elementsEqual(suffix) ? dropLast(suffix.count) : nil
    }

    /// The ways to split it in two around a separator, from the left, at most so many.
    func splits(around separator: Bytes, limit: Int) -> [(before: ArraySlice, after: ArraySlice)] {
        guard let first = separator.first, count >= separator.count else { return [] }
        var splits: [(before: ArraySlice, after: ArraySlice)] = []
        for start in startIndex...(endIndex - separator.count) where self[start] == first && splits.count < limit {
            guard self[start..<start + separator.count].elementsEqual(separator) else { continue }
            splits.append((self[..<start], self[(start + separator.count)...]))
        }
        return splits
    }
}
