import RedisClient
import Testing

@testable import Migrations

@Suite("Searching in names")
struct ByteTextTests {
    @Test("a suffix is cut off, up to the whole part")
    func cuts() {
        func cut(_ text: String, _ part: Range<Int>, _ suffix: String) -> Range<Int>? {
            Bytes(text).range(part, droppingSuffix: Bytes(suffix))
        }
        #expect(cut("abc", 0..<3, "bc") == 0..<1)
        #expect(cut("abc", 0..<2, "bc") == nil)
        #expect(cut("abc", 1..<3, "bc") == 1..<1)
        #expect(cut("abc", 2..<3, "bc") == nil)
        #expect(cut("", 0..<0, "") == 0..<0)
    }

    @Test("every place of a separator is found, also where two share bytes")
    func splits() {
        func split(_ text: String, _ separator: String) -> [String] {
            let bytes = Bytes(text)
            return bytes.places(of: Bytes(separator), in: 0..<bytes.count, limit: .max).map { start in
                String(decoding: bytes[..<start], as: UTF8.self) + "|"
                    + String(decoding: bytes[(start + separator.utf8.count)...], as: UTF8.self)
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

    @Test("only a part is searched, and no more places are found than are wanted")
    func bounds() {
        let bytes = Bytes("xaxaxax")
        #expect(bytes.places(of: Bytes("x"), in: 1..<6, limit: 9) == [2, 4])
        #expect(bytes.places(of: Bytes("xa"), in: 1..<5, limit: 9) == [2])
        #expect(bytes.places(of: Bytes("x"), in: 0..<7, limit: 3) == [0, 2, 4])
    }
}

extension Bytes {
    fileprivate func places(of separator: Bytes, in part: Range<Int>, limit: Int) -> [Int] {
        var places: [Int] = []
        eachPlace(of: separator, in: part, limit: limit) { places.append($0) }
        return places
    }
}
