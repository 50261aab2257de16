import RedisClient
import Testing

@testable import MigrationKit

@Suite("A failure that may be a key's")
struct KeyFaultTests {
    @Test("is one that ends the connection over a request, sends too much or takes too long, and no other")
    func kinds() {
        func fault(_ code: RedisError.Code, _ message: String = "", server: String? = nil) -> KeyFault? {
            KeyFault(RedisError(code, message, outcome: .unknown, serverCode: server))
        }
        #expect(fault(.disconnected) == .refused)
        #expect(fault(.server, "ERR Protocol error: invalid bulk length", server: "ERR") == .refused)
        #expect(fault(.replyTooLarge) == .tooLarge)
        #expect(fault(.timedOut) == .tooSlow)
        for code in [RedisError.Code.unreachable, .protocolViolation, .untrusted, .partlyExecuted] {
            #expect(fault(code) == nil, "\(code)")
        }
        for word in ["OOM", "LOADING", "READONLY", "NOPERM", "MOVED", "ERR"] {
            #expect(fault(.server, "\(word) something", server: word) == nil, "\(word)")
        }
        #expect(KeyFault(MigrationError(.fenced, "")) == nil)
    }

    @Test("of a name is looked for in parts whose questions are bounded, and in no others")
    func questions() {
        let short = (0..<100).map { Bytes("tenant:\($0):destination:\($0)") }
        #expect(short[...].prefix(NameBound.mostQuestionBytes, by: NameBound.questionBytes).count == 100)
        let long = [Bytes](repeating: Bytes(repeating: 120, count: NameBound.most), count: 100)
        let part = long[...].prefix(NameBound.mostQuestionBytes, by: NameBound.questionBytes)
        #expect((10...30).contains(part.count))
        let longer = Bytes(repeating: 120, count: NameBound.most + 1)
        let (kept, left) = NameBound.divide([longer] + short)
        #expect(kept == short && left == [longer])
        #expect(NameBound.divide(short).long.isEmpty)
    }
}
