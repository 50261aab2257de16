import RedisClient
import Testing

@testable import Migrations

@Suite("Searching in names")
struct ByteTextTests {
    @Test("a prefix and a suffix are cut off, up to the whole name")
    func cuts() {
        #expect(Bytes("abc")[...].dropping(prefix: Bytes("ab")) == Bytes("c")[...])
        #expect(Bytes("ab")[...].dropping(prefix: Bytes("ab")) == [])
        #expect(Bytes("a")[...].dropping(prefix: Bytes("ab")) == nil)
        #expect(Bytes("abc")[...].dropping(suffix: Bytes("bc")) == Bytes("a")[...])
        #expect(Bytes("bc")[...].dropping(suffix: Bytes("bc")) == [])
        #expect(Bytes("c")[...].dropping(suffix: Bytes("bc")) == nil)
        #expect(Bytes()[...].dropping(suffix: []) == [])
    }

    @Test("every place of a separator is found, also where two share bytes")
    func splits() {
        func split(_ text: String, _ separator: String) -> [String] {
            Bytes(text)[...].splits(around: Bytes(separator), limit: .max).map {
                String(decoding: $0.before, as: UTF8.self) + "|" + String(decoding: $0.after, as: UTF8.self)
            }
        }
        #expect(split("a:x:b", ":x:") == ["a|b"])
        #expect(split(":x:", ":x:") == ["|"])
        #expect(split(":x:x:", ":x:") == ["|x:", ":x|"])
        #expect(split("aaa", "aa") == ["|a", "a|"])
        #expect(split("abc", "x") == [])
        #expect(split("", "x") == [])
        #expect(split("abc", "") == [])
    }
}
