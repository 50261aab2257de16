import RedisClient
import Testing

@testable import MigrationKit

@Suite("Pages as one")
struct ListingTests {
    private static func page(_ items: [Int], unrelated: [String] = [], native: [String: Int] = [:]) -> Listing<Int> {
        var page = Listing<Int>()
        page.items = items
        page.unrelated = unrelated.map { Bytes($0) }
        page.native = native
        return page
    }

    @Test(
        "neighbours are of different pages, and none is lost",
        arguments: [
            ([], []), ([[]], []), ([[1, 2, 3]], [1, 2, 3]), ([[1, 2], [11, 12]], [1, 11, 2, 12]),
            ([[1], [11, 12, 13], [], [31, 32]], [1, 11, 31, 12, 32, 13]),
        ] as [([[Int]], [Int])]
    )
    func mixed(pages: [[Int]], expected: [Int]) {
        #expect(Listing(mixing: pages.map { Self.page($0) }).items == expected)
    }

    @Test("what is not handled is told of all pages")
    func others() {
        var first = Self.page([1], unrelated: ["a"], native: ["tenant": 2])
        first.held = [.ambiguous(Bytes("h"))]
        var second = Self.page([2], unrelated: ["b", "c"], native: ["tenant": 3, "summary": 1])
        second.held = [.tooLarge(Bytes("l"))]
        second.large = [LargeKey(Bytes("l"), bytes: 7)]
        let all = Listing(mixing: [first, second])
        #expect(all.unrelated == [Bytes("a"), Bytes("b"), Bytes("c")])
        #expect(all.held.map(\.key) == [Bytes("h"), Bytes("l")])
        #expect(all.large.map(\.key) == ["l"])
        #expect(all.native == ["tenant": 5, "summary": 1])
    }
}
