/// A few parts of a name, the first two without an allocation: most names have no more.
struct Places: Sendable {
    private var first: Range<Int>?
    private var second: Range<Int>?
    private var others: [Range<Int>] = []

    /// How many there are.
    private(set) var count = 0

    /// The part at a position.
    subscript(_ position: Int) -> Range<Int> {
        switch position {
        case 0: first ?? 0..<0
        case 1: second ?? 0..<0
        default: others[position - 2]
        }
    }

    /// Adds a part behind the others.
    mutating func append(_ part: Range<Int>) {
        switch count {
        case 0: first = part
        case 1: second = part
        default: others.append(part)
        }
        count += 1
    }

    /// Takes out the parts of which a function says so.
    mutating func removeAll(where isOut: (Range<Int>) -> Bool) {
        var kept = Places()
        for position in 0..<count where !isOut(self[position]) { kept.append(self[position]) }
        self = kept
    }
}
