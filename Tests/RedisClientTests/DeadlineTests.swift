import Testing

@testable import RedisClient

@Suite("A deadline")
struct DeadlineTests {
    @Test("that has passed leaves no time", arguments: [Duration.zero, .seconds(-1), .seconds(Int64.min / 4)])
    func passed(_ duration: Duration) {
        let deadline = Deadline(after: duration)
        #expect(deadline.hasPassed)
        #expect(deadline.left == .zero)
        #expect(deadline.pollMilliseconds == 0)
    }

    @Test("that lies ahead leaves at least a millisecond, and no more than there is")
    func ahead() {
        let deadline = Deadline(after: .seconds(60))
        #expect(!deadline.hasPassed)
        #expect((50_000...60_001).contains(deadline.pollMilliseconds))
        #expect(Deadline(after: .seconds(60)).left <= .seconds(60))
    }

    @Test(
        "beyond what poll takes is as far as poll takes",
        arguments: [Duration.seconds(1 << 40), .seconds(Int64.max / 4)]
    )
    func farAway(_ duration: Duration) {
        #expect(Deadline(after: duration).pollMilliseconds == .max)
    }
}
