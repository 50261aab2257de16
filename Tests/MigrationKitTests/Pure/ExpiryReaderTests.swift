import RedisClient
import Testing

@testable import MigrationKit

@Suite("Reading an expiry")
struct ExpiryReaderTests {
    @Test(
        "takes PEXPIRETIME's word",
        arguments: [(-2, nil), (-1, Expiry(end: nil)), (0, Expiry(end: 0)), (7, Expiry(end: 7))] as [(Int, Expiry?)]
    )
    func exact(answer: Int, expected: Expiry?) throws {
        let expiry = try ExpiryReader(isExact: true).read([WireReply.parse(":\(answer)\r\n")])
        #expect(expiry == expected)
    }

    @Test(
        "adds what is left to the server's clock, and tells how far that may be off",
        arguments: [
            (1000, 50, 1000, Expiry(end: 1050, slack: 0)), (1000, 50, 1003, Expiry(end: 1050, slack: 3)),
            // Set back in between.
            (1003, 50, 1000, Expiry(end: 1050, slack: 3)),
            (1000, 0, 1000, Expiry(end: 1000, slack: 0)), (1000, -1, 1000, Expiry(end: nil)), (1000, -2, 1000, nil),
            (1000, .max, 1000, Expiry(end: .max)),
        ] as [(Int, Int, Int, Expiry?)]
    )
    func summed(before: Int, left: Int, after: Int, expected: Expiry?) throws {
        let replies = [try time(before), try WireReply.parse(":\(left)\r\n"), try time(after)]
        #expect(try ExpiryReader(isExact: false).read(replies) == expected)
    }

    @Test("asks as many questions as it reads answers")
    func counts() {
        for isExact in [true, false] {
            let reader = ExpiryReader(isExact: isExact)
            var commands = CommandBuffer()
            reader.ask(Bytes("k"), in: &commands)
            #expect(commands.count == reader.replyCount)
        }
    }

    @Test("is an error where the answers are none")
    func noAnswers() throws {
        let text = try WireReply.string(Bytes("soon"))
        for isExact in [true, false] {
            let reader = ExpiryReader(isExact: isExact)
            #expect(throws: RedisError.self) { try reader.read([]) }
            #expect(throws: RedisError.self) { try reader.read([text, text, text]) }
        }
    }

    private func time(_ milliseconds: Int) throws -> Reply {
        let seconds = String(milliseconds / 1000)
        let rest = String(milliseconds % 1000 * 1000)
        return try WireReply.parse("*2\r\n$\(seconds.count)\r\n\(seconds)\r\n$\(rest.count)\r\n\(rest)\r\n")
    }
}
