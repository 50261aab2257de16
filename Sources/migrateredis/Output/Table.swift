/// Columns of text, aligned; numbers to the right.
struct Table {
    private var rows: [[String]]
    private let numeric: Set<Int>

    /// A table with its heading; the columns of these places are numbers.
    init(_ heading: [String], numeric: Set<Int> = []) {
        rows = [heading]
        self.numeric = numeric
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    /// The lines, without blanks at their ends.
    var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = row.enumerated().map { column, text in
                let blanks = String(repeating: " ", count: max(0, widths[column] - text.count))
                return numeric.contains(column) ? blanks + text : text + blanks
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
