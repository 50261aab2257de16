import Testing

@testable import MigrationKit

@Suite("The table of rulings")
struct RulingTableTests {
    /// The table as the documentation has it; verify's cells are parted at the raise, rollback's column is added, and
    /// the names that stand in the text and not in the table come last.
    private static let table = """
        | name               | apply              | verify                   | verify after raise   | catch-up     | first catch-up | cleanup                      | rollback     |
        | uncopied           | copy               | copy, ok if few          | copy, ok if few      | copy         | copy           | keep                         | –            |
        | equal              | note               | note, ok                 | note, ok             | note         | note           | note, then remove            | –            |
        | expiryLost         | take expiry from S | ✗                        | conflict             | report       | report         | keep                         | –            |
        | foreign            | conflict           | ✗                        | ✗                    | conflict     | conflict       | keep                         | –            |
        | adopted            | adopt              | adopt                    | adopt                | adopt        | adopt          | keep                         | –            |
        | inSync             | –                  | ok                       | ok                   | –            | –              | remove                       | drop D       |
        | sourceChanged      | copy over          | copy over, ok if few     | copy over, ok if few | copy over    | copy over      | keep                         | drop D       |
        | inUse              | leave              | ✗ unless accepted       | ok                   | leave        | leave          | remove                       | leave, list  |
        | converged          | note               | note, ok                 | note, ok             | leave        | leave          | remove                       | leave, list  |
        | diverged           | conflict           | ✗                        | ✗                    | conflict     | conflict       | keep                         | leave, list  |
        | recreated          | conflict           | ✗                        | ✗                    | conflict     | conflict       | keep                         | leave, list  |
        | destinationMissing | copy again         | ✗                        | ok if few            | leave, list  | leave, list    | if S = Bs and few; else keep | forget entry |
        | sourceGone         | drop D, if sure    | drop, if sure, ok if few | keep                 | keep         | drop D, sure  | keep                         | drop D, if sure |
        | native             | forget entry       | ok                       | ok                   | forget entry | forget entry   | –                            | forget entry |
        | orphan             | conflict           | ✗                        | ✗                    | conflict     | conflict       | –                            | –            |
        | removed            | leave              | ok                       | ok                   | leave        | leave          | finish                       | forget entry |
        | collision          | conflict           | ✗                        | ✗                    | conflict     | conflict       | keep                         | –            |
        | reappeared         | report             | report                   | report               | report       | report         | keep                         | –            |
        | expiring           | –                  | ok                       | ok                   | –            | –              | –                            | –            |
        | absent             | –                  | ok                       | ok                   | –            | –              | –                            | –            |
        """

    private static let columns: [Column] = [
        .apply, .verify, .verifyAgain, .catchUp, .firstCatchUp, .cleanup, .rollback,
    ]

    /// What the words of a cell mean.
    private static let words: [String: Ruling] = [
        "–": Ruling(.leave, .fine),
        "ok": Ruling(.leave, .fine),
        "leave": Ruling(.leave, .fine),
        "ok if few": Ruling(.leave, .few),
        "✗ unless accepted": Ruling(.leave, .unaccepted),
        "ok, listed": Ruling(.leave, .listed),
        "leave, list": Ruling(.leave, .listed),
        "report": Ruling(.leave, .listed),
        "keep": Ruling(.leave, .kept),
        "conflict": Ruling(.leave, .conflict),
        "copy": Ruling(.copy, .fine),
        "copy again": Ruling(.copy, .fine),
        "copy, ok if few": Ruling(.copy, .few),
        "copy over": Ruling(.copyOver, .fine),
        "copy over, ok if few": Ruling(.copyOver, .few),
        "note": Ruling(.note, .fine),
        "adopt": Ruling(.adopt, .fine),
        "note, ok": Ruling(.note, .fine),
        "take expiry from S": Ruling(.takeExpiry, .fine),
        "drop D, if sure": Ruling(.dropDestination, .few),
        "drop D": Ruling(.dropDestination, .fine),
        // What is not sure is kept: the walk decides that at its end.
        "drop D, sure": Ruling(.dropDestination, .fine),
        "drop, if sure, ok if few": Ruling(.dropDestination, .few),
        "forget entry": Ruling(.forget, .fine),
        "remove": Ruling(.removeSource, .fine),
        // In one transaction there is no need to note first.
        "note, then remove": Ruling(.removeSource, .fine),
        "finish": Ruling(.forget, .fine),
        // Whether they are few is known to the walk, which else does what the table says last.
        "if S = Bs and few; else keep": Ruling(.leave, .kept),
    ]

    struct Line: Sendable, CustomTestStringConvertible {
        var name: String
        var cells: [String]

        var testDescription: String { name }

        func ruling(_ column: Int) -> Ruling? {
            // What apply calls a conflict stays one in verify; anything else that is wrong can be applied again.
            if cells[column] == "✗" { return Ruling(.leave, cells[0] == "conflict" ? .conflict : .wrong) }
            return RulingTableTests.words[cells[column]]
        }
    }

    private static let lines: [Line] = table.split(separator: "\n").dropFirst().map { line in
        let cells = line.split(separator: "|").map { cell in
            String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        return Line(name: cells[0], cells: Array(cells[1...]))
    }

    @Test("the table names every class once")
    func complete() {
        #expect(Self.lines.map(\.name).sorted() == PairClass.allCases.map(\.rawValue).sorted())
        #expect(Set(Self.columns) == Set(Column.allCases))
    }

    @Test("every cell rules as the document says", arguments: lines)
    func cells(_ line: Line) throws {
        let name = try #require(PairClass(rawValue: line.name))
        try #require(line.cells.count == Self.columns.count)
        for (index, column) in Self.columns.enumerated() {
            let expected = try #require(line.ruling(index), "“\(line.cells[index])” has no meaning")
            #expect(name.ruling(in: column) == expected, "\(name) in \(column)")
        }
    }
}
