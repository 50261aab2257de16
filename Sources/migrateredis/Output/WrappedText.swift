/// Lines of prose and of tables as a terminal of few columns shows them best: broken at words, and indented under their
/// own text.
enum WrappedText {
    /// The rows of one line, none longer than the width where its words are not.
    static func rows(of line: String, width: Int) -> [String] {
        guard line.count > width else { return [line] }
        let indentation = String(repeating: " ", count: indentation(of: line, width: width))
        var rows: [String] = []
        var row = ""
        // Blanks inside of a row are kept: they make its columns.
        for word in pieces(of: line) {
            let blanks = word.prefix { $0 == " " }
            if !row.isEmpty, row.count + word.count > width, row.contains(where: { $0 != " " }) {
                rows.append(row)
                row = indentation + word.dropFirst(blanks.count)
            } else {
                row += word
            }
        }
        rows.append(row)
        return rows
    }

    /// Words, each with the blanks before it.
    private static func pieces(of line: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = line[...]
        while !rest.isEmpty {
            let blanks = rest.prefix { $0 == " " }
            let word = rest[blanks.endIndex...].prefix { $0 != " " }
            pieces.append(rest[..<word.endIndex])
            rest = rest[word.endIndex...]
        }
        return pieces
    }

    /// Under what stands behind the last gap of two blanks or more in the first half: the text beside a heading, the last
    /// column of a table. Without one two more than the line itself.
    private static func indentation(of line: String, width: Int) -> Int {
        let leading = line.prefix { $0 == " " }.count
        var result = leading + 2
        var blanks = 0
        for (column, character) in line.enumerated() {
            if column > width / 2 { break }
            if character == " " {
                blanks += 1
            } else {
                if blanks >= 2, column > leading { result = column }
                blanks = 0
            }
        }
        return result
    }
}
