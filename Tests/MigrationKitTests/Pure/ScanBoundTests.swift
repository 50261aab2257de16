import RedisClient
import Testing

@testable import MigrationKit

@Suite("How far a walk may go")
struct ScanBoundTests {
    /// How many pages of a size a walk without end takes until it is given up.
    private static func pages(count: Int, slack: Int, size: Int) -> (pages: Int, error: RedisError?) {
        var bound = ScanBound(count: count, slack: slack)
        for page in 1...2_000_000 {
            do {
                try bound.goOn(behind: size, of: "HSCAN", "fields")
            } catch {
                return (page, error as? RedisError)
            }
        }
        return (2_000_000, nil)
    }

    @Test("is what its count explains, a hundred places for each, and not less", arguments: [0, 4000, 1 << 20])
    func ends(count: Int) {
        let end = Self.pages(count: count, slack: 1000, size: 500)
        #expect(end.pages == (count + 1000) * 100 / 500)
        #expect(end.error?.code == .unexpectedReply && end.error?.outcome == .notExecuted)
        #expect(end.error?.message.contains("of \(count) fields") == true)
    }

    @Test("is no sum that overflows, whatever the server counts")
    func largest() throws {
        var bound = ScanBound(count: Bounded.most, slack: 1_000_000)
        for _ in 0..<100 { try bound.goOn(behind: 4000, of: "SCAN", "keys") }
        #expect(bound.asked == 400_000)
    }
}
