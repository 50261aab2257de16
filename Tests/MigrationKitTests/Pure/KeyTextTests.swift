import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("A name as people see it")
struct KeyTextTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: Bytes
        var shown: String
        var testDescription: String { shown }

        init(_ name: Bytes, _ shown: String) {
            self.name = name
            self.shown = shown
        }

        init(_ name: String, _ shown: String) {
            self.init(Bytes(name), shown)
        }
    }

    @Test(
        "has nothing in it that could steer a terminal or end a line",
        arguments: [
            Case("tenant:{a}:tenant", "tenant:{a}:tenant"),
            Case("", ""),
            Case("with space ~", "with space ~"),
            Case("ä€😀", "ä€😀"),
            Case(#"a\b"#, #"a\\b"#),
            Case(#"\x41"#, #"\\x41"#),
            Case("\0\t\r\n\u{7F}", #"\x00\x09\x0d\x0a\x7f"#),
            Case("\u{1B}[31mred", #"\x1b[31mred"#),
            Case("\u{9B}31m", #"\xc2\x9b31m"#),
            Case("\u{85}", #"\xc2\x85"#),
            Case("\u{2028}\u{2029}", #"\xe2\x80\xa8\xe2\x80\xa9"#),
            Case("a\u{202E}b\u{2066}\u{200F}", #"a\xe2\x80\xaeb\xe2\x81\xa6\xe2\x80\x8f"#),
            Case("\u{FEFF}\u{200B}\u{200D}", #"\xef\xbb\xbf\xe2\x80\x8b\xe2\x80\x8d"#),
            Case("\u{E000}\u{10FFFF}", #"\xee\x80\x80\xf4\x8f\xbf\xbf"#),
            Case("\u{E0041}", #"\xf3\xa0\x81\x81"#),
            Case([0xFF], #"\xff"#),
            Case([0x61, 0xC3], #"a\xc3"#),
            Case([0xC3, 0xA4, 0xFF], #"\xc3\xa4\xff"#),
            Case([0xED, 0xA0, 0x80], #"\xed\xa0\x80"#),
            Case([0xC0, 0x8A], #"\xc0\x8a"#),
        ] as [Case]
    )
    func shown(_ one: Case) {
        #expect(KeyText.escaped(one.name) == one.shown)
    }

    @Test("is cut where it is long, and only there")
    func long() {
        let name = Bytes(repeating: UInt8(ascii: "a"), count: 120)
        #expect(KeyText.escaped(name) == String(repeating: "a", count: 120))
        #expect(KeyText.escaped(name + Bytes("b")) == String(repeating: "a", count: 120) + "…")
        #expect(KeyText.escaped(Bytes("äöü"), limit: 2) == "äö…")
        #expect(KeyText.escaped(Bytes("abc"), limit: 0) == "…")
        #expect(KeyText.escaped([], limit: 0) == "")
        #expect(KeyText.escaped(Bytes(repeating: 10, count: 1 << 20)).utf8.count < 600)
        #expect(KeyText.escaped([0xFF, 0xFE, 0xFD], limit: 2) == #"\xff\xfe…"#)
    }

    @Test("tells two names apart, whatever bytes they hold")
    func faithful() {
        var generator = SplitMix64(seed: 51)
        let pieces: [Bytes] = [
            Bytes("a"), Bytes("\\"), Bytes("x41"), Bytes("ä"), Bytes("\u{202E}"), [0xFF], [0xC3], [0xA4], [0], [10],
            Bytes("😀"),
        ]
        var wrong: [String] = []
        for _ in 0..<3000 {
            let name = (0..<Int.random(in: 0...8, using: &generator)).flatMap { _ in
                pieces.randomElement(using: &generator) ?? []
            }
            let shown = KeyText.escaped(name)
            if Self.unescaped(shown) != name { wrong.append(shown) }
            #expect(shown.unicodeScalars.allSatisfy { !$0.properties.isBidiControl && $0.value >= 0x20 })
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3))")
    }

    /// The bytes of which a text without a cut was made.
    private static func unescaped(_ text: String) -> Bytes {
        var bytes: Bytes = []
        var rest = Bytes(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            if kind == UInt8(ascii: "x") {
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(kind)
            }
        }
        return bytes
    }
}
