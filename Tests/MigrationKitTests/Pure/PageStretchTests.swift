import Testing

@testable import MigrationKit

@Suite("How long a page is")
struct PageStretchTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var way = 50
        /// What came behind the way, in milliseconds, and how many keys had questions, page after page.
        var pages: [(busy: Double, related: Int)]
        var factor: Int
    }

    @Test(
        "pages grow over a long way, while the server is quick and few keys have questions",
        arguments: [
            Row(
                testDescription: "a short way",
                way: 1,
                pages: Array(repeating: (busy: 0, related: 0), count: 9),
                factor: 1
            ),
            Row(testDescription: "two quick pages", pages: [(0.5, 0), (0.5, 3)], factor: 4),
            Row(
                testDescription: "many: no more than the server is to do at once",
                pages: Array(repeating: (busy: 1, related: 0), count: 20),
                factor: 15
            ),
            Row(testDescription: "a slow one", pages: [(0.5, 0), (0.5, 0), (40, 0)], factor: 2),
            Row(testDescription: "one that the way has held up", pages: [(0.5, 0), (0.5, 0), (20, 0)], factor: 8),
            Row(testDescription: "slow from the first on", pages: [(40, 0), (40, 0)], factor: 1),
            Row(testDescription: "keys that have questions", pages: [(0.5, 0), (0.5, 0), (0.5, 400)], factor: 2),
            Row(testDescription: "neither few nor many", pages: [(0.5, 0), (0.5, 80)], factor: 2),
        ]
    )
    func grows(row: Row) {
        var stretch = PageStretch(roundTrip: .milliseconds(row.way))
        for page in row.pages {
            stretch.note(
                took: .milliseconds(row.way) + .milliseconds(page.busy),
                related: page.related,
                usual: 100,
                batchTime: .milliseconds(2)
            )
        }
        #expect(stretch.factor == row.factor)
    }
}
