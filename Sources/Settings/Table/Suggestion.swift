/// The candidate that somebody may have meant, if one is near: at most a quarter of its letters wrong, blind to case
/// and to the choice between `-`, `_` and `.`.
func nearest(to text: String, among candidates: [String]) -> String? {
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

/// How many letters to insert, remove or replace (Levenshtein's distance), with one row of its matrix.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let replaced = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[right.count]
}
