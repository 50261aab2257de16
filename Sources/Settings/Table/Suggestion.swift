/// The candidate that somebody may have meant, if one is near: at most a quarter of its letters wrong, blind to case
/// and to the choice between `-`, `_` and `.`.
public func nearest(to text: String, among candidates: [String]) -> String? {
    // A name of such a length was not mistyped, and the cost is the product of the lengths.
    guard text.utf8.count <= 64 else { return nil }
    let folded = folding(text)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let other = folding(candidate)
        // The last part alone is a key written without its section.
        let isLastPart = !folded.isEmpty && other.reversed().starts(with: folded.reversed() + [UInt8(ascii: "-")])
        let distance = isLastPart ? 1 : editDistance(folded, other)
        guard distance * 4 <= other.count, distance < best?.distance ?? .max else { continue }
        best = (candidate, distance)
    }
    return best?.name
}

/// The end of a message about an unknown name.
func didYouMean(_ text: String, among candidates: [String]) -> String {
    nearest(to: text, among: candidates).map { "; did you mean \($0)?" } ?? ""
}

private func folding(_ text: String) -> [UInt8] {
    text.lowercased().utf8.map { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") ? UInt8(ascii: "-") : $0 }
}

/// How many letters to insert, remove, replace or swap with their neighbour (the restricted distance of Damerau and
/// Levenshtein), with three rows of its matrix.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var row = [i + 1]
        for (j, b) in right.enumerated() {
            var best = min(last[j] + (a == b ? 0 : 1), row[j] + 1, last[j + 1] + 1)
            if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
