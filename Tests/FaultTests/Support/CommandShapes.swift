import TestSupport

/// Which commands of a run are worth a fault each, and which first.
struct CommandShapes: Sendable {
    /// The numbers of the commands that are worth one, from 1.
    ///
    /// A new holder in a cluster sets the epoch of each of 16,384 slots, and a ledger there has a hash in each: thousands
    /// of commands that differ by the slot alone. Of those one in a thousand will do; of all others every one counts.
    let numbers: [Int]
    /// How many kinds there are: commands of the same words but for numbers, after the same last change.
    let kindCount: Int
    private let kinds: [[Int]]

    init(of trace: [String]) {
        let shapes = trace.indices.map { Self.shape(of: $0, in: trace) }
        let counts = Dictionary(shapes.map { ($0, 1) }, uniquingKeysWith: +)
        numbers = trace.indices.filter { counts[shapes[$0], default: 0] < 3000 || $0.isMultiple(of: 1000) }
            .map { $0 + 1 }
        var plain: [Substring: String] = [:]
        var kinds: [String: [Int]] = [:]
        var lastChange = ""
        for number in numbers {
            let shape = shapes[number - 1]
            let words = plain[shape] ?? String(shape).replacing(/[0-9]+(?![0-9_])/, with: "#")
            plain[shape] = words
            kinds[lastChange + " / " + words, default: []].append(number)
            if words.hasPrefix("EXEC ") { lastChange = words }
        }
        self.kinds = kinds.values.sorted { $0[0] < $1[0] }
        kindCount = kinds.count
    }

    /// All numbers: first one of each kind, then a second one of each, and so on; which, and in which order, follows from a
    /// seed, so that whoever has to stop has been everywhere.
    func inRounds(seed: Int) -> [Int] {
        var random = SplitMix64(seed: UInt64(seed))
        let shuffled = kinds.map { $0.shuffled(using: &random) }
        let rounds = shuffled.map(\.count).max() ?? 0
        return (0..<rounds).flatMap { round in
            shuffled.compactMap { $0.dropFirst(round).first }.shuffled(using: &random)
        }
    }

    /// A transaction's first and last word are like what they enclose.
    private static func shape(of index: Int, in trace: [String]) -> Substring {
        switch trace[index] {
        case "MULTI" where index + 1 < trace.count: return "MULTI " + withoutSlot(trace[index + 1])
        case "EXEC" where index > 0: return "EXEC " + withoutSlot(trace[index - 1])
        default: return withoutSlot(trace[index])
        }
    }

    private static func withoutSlot(_ command: String) -> Substring { command.prefix { $0 != "{" } }
}
