import RedisClient

/// Searching in names, which may hold any byte; what is found are places, not copies.
extension Bytes {
    /// A part of these bytes without a suffix; nil where it does not end so.
    func range(_ part: Range<Int>, droppingSuffix suffix: Bytes) -> Range<Int>? {
        let end = part.upperBound - suffix.count
        guard end >= part.lowerBound, self[end..<part.upperBound].elementsEqual(suffix) else { return nil }
        return part.lowerBound..<end
    }

    /// Where a separator begins in a part of these bytes, from the left, at most so many.
    func places(of separator: Bytes, in part: Range<Int>, limit: Int) -> [Int] {
        guard let first = separator.first, part.count >= separator.count else { return [] }
        var places: [Int] = []
        for start in part.lowerBound...(part.upperBound - separator.count) where self[start] == first {
            guard places.count < limit else { break }
            if self[start..<start + separator.count].elementsEqual(separator) { places.append(start) }
        }
        return places
    }
}
