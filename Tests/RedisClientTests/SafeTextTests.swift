import Foundation
import RedisClient
import Testing

@Suite("Text from elsewhere")
struct SafeTextTests {
    /// One of each kind that drives a terminal, ends a line, or hides or reorders letters, in the one notation.
    static let unsafe: KeyValuePairs<String, String> = [
        "\u{0}": #"\x00"#, "\n": #"\x0a"#, "\r": #"\x0d"#, "\t": #"\x09"#, "\u{1B}": #"\x1b"#, "\u{7F}": #"\x7f"#,
        "\u{80}": #"\xc2\x80"#, "\u{85}": #"\xc2\x85"#, "\u{9B}": #"\xc2\x9b"#, "\u{9F}": #"\xc2\x9f"#,
        "\u{AD}": #"\xc2\xad"#, "\u{61C}": #"\xd8\x9c"#, "\u{200B}": #"\xe2\x80\x8b"#,
        "\u{200D}": #"\xe2\x80\x8d"#, "\u{200E}": #"\xe2\x80\x8e"#, "\u{200F}": #"\xe2\x80\x8f"#,
        "\u{2028}": #"\xe2\x80\xa8"#, "\u{2029}": #"\xe2\x80\xa9"#, "\u{202A}": #"\xe2\x80\xaa"#,
        "\u{202E}": #"\xe2\x80\xae"#, "\u{2060}": #"\xe2\x81\xa0"#, "\u{2066}": #"\xe2\x81\xa6"#,
        "\u{2069}": #"\xe2\x81\xa9"#, "\u{FEFF}": #"\xef\xbb\xbf"#, "\u{E000}": #"\xee\x80\x80"#,
        "\u{E0041}": #"\xf3\xa0\x81\x81"#, "\u{10FFFF}": #"\xf4\x8f\xbf\xbf"#,
    ]

    @Test("is escaped character by character", arguments: unsafe.map(\.key))
    func escaped(text: String) throws {
        let shown = try #require(Self.unsafe.first { $0.key == text }?.value)
        #expect(SafeText.escaped("a\(text)b") == "a\(shown)b")
        #expect(SafeText.guarded("a\(text)b") == "a\(shown)b")
        #expect(SafeText.guarded(lines: "a\(text)b") == (text == "\n" ? "a\nb" : "a\(shown)b"))
    }

    @Test("stays as it is where it is harmless", arguments: ["", "plain ~", "Größe 4 µs", "→ € 😀", "日本", "–“”…"])
    func harmless(text: String) {
        #expect(SafeText.escaped(text) == text)
        #expect(SafeText.guarded(text) == text)
        #expect(SafeText.json(text) == text)
    }

    @Test("has its backslashes doubled once, where it comes in")
    func backslashes() {
        #expect(SafeText.escaped(#"a\x41"#) == #"a\\x41"#)
        #expect(SafeText.guarded(SafeText.escaped("\u{1B}\\")) == #"\x1b\\"#)
    }

    @Test("that is not UTF-8 is shown byte by byte")
    func invalid() {
        #expect(SafeText.escaped([0x61, 0xC3, 0xA4, 0xFF] as [UInt8]) == #"a\xc3\xa4\xff"#)
        #expect(SafeText.escaped([0x9B, 0x5C] as [UInt8]) == #"\x9b\\"#)
    }

    @Test("is cut where it is long")
    func cut() {
        #expect(SafeText.escaped("abc", limit: 2) == "ab…" && SafeText.escaped("ab", limit: 2) == "ab")
        #expect(SafeText.guarded("äöü", limit: 2) == "äö…" && SafeText.guarded("abc", limit: 2) == "ab…")
        #expect(SafeText.escaped(String(repeating: "\n", count: 1 << 20)).utf8.count < 600)
    }

    @Test("in JSON has the same value when it is parsed, and nothing unsafe before")
    func json() throws {
        let values = Self.unsafe.map(\.key) + ["a\\b", "\"", "ä😀", "\u{E0041}\u{202E}x"]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
        let text = SafeText.json(String(decoding: try encoder.encode(values), as: UTF8.self))
        #expect(!text.unicodeScalars.contains { $0 != "\n" && SafeText.isUnsafe($0) })
        #expect(try JSONDecoder().decode([String].self, from: Data(text.utf8)) == values)
    }
}
