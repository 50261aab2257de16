/// Which commands of a run are worth a fault each.
///
/// A new holder in a cluster sets the epoch of each of 16,384 slots, and a ledger there has a hash in each: thousands of
/// commands that differ by the slot alone. Of those one in a thousand will do; of all others every one counts.
enum CommandShapes {
    /// The numbers of the commands, from 1.
    static func numbers(of trace: [String]) -> [Int] {
        let shapes = trace.indices.map { shape(of: $0, in: trace) }
        let counts = Dictionary(shapes.map { ($0, 1) }, uniquingKeysWith: +)
        return trace.indices.filter { counts[shapes[$0], default: 0] < 3000 || $0.isMultiple(of: 1000) }.map { $0 + 1 }
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
