/// Judges a keyspace by what every application knows of its own writes.
///
/// The rules are the invariants: nothing acknowledged is lost, no newer value was overwritten by an older copy, expiry
/// is kept, no foreign key was touched, and nothing is there that nobody made.
package struct Oracle: Sendable {
    /// What each key may be, by the name under which it must be found now.
    private var allowed: [String: [Snapshot.Record?]] = [:]
    private let history: OperationHistory

    /// Keys that nobody writes to must be exactly as this.
    package init(untouched: Snapshot, history: OperationHistory) {
        self.history = history
        for (name, record) in untouched.records { allowed[name] = [record] }
    }

    /// What writers left: each key under the name that it has now.
    ///
    /// An old key that became a string is no migration's any more, and stays where it is.
    package mutating func expect(_ models: [RecordWriter.Model], newNames: [String: String]) {
        for (old, states) in models.joined() {
            let new = newNames[old] ?? old
            allowed[old] = nil
            allowed[new] = nil
            for state in states {
                let isString = if case .string = state?.value { true } else { false }
                let name = isString ? old : new
                allowed[name, default: []].append(state?.asSnapshot)
                if new != old { allowed[isString ? new : old, default: []].append(nil) }
            }
        }
    }

    /// In words, what is wrong; nil where nothing is.
    package func fault(of snapshot: Snapshot) -> String? {
        var lines: [String] = []
        for (name, states) in allowed.sorted(by: { $0.key < $1.key }) where !states.contains(snapshot.records[name]) {
            let found = snapshot.records[name].map { "\($0)" } ?? "nothing"
            let wanted = states.map { $0.map { "\($0)" } ?? "nothing" }.joined(separator: ", or ")
            lines.append("\(name): \(found), and should be \(wanted)\n\(history.tail(of: name))")
        }
        for name in snapshot.records.keys.sorted() where allowed[name] == nil { lines.append("too many: \(name)") }
        return lines.isEmpty ? nil : lines.prefix(5).joined(separator: "\n")
    }
}
