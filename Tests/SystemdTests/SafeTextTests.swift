import Testing

@testable import Systemd

@Suite("Text from elsewhere")
struct SafeTextTests {
    @Test(
        "becomes one line without control characters",
        arguments: [
            ("schema v1 → v3: 45 %", "schema v1 → v3: 45 %"),
            ("a\nWATCHDOG=1", "a WATCHDOG=1"),
            ("a\r\nb\u{0}c\td", "a  b c d"),
            ("\u{1B}[31mred", " [31mred"),
            ("\u{9B}2J\u{7F}\u{85}", " 2J  "),
            ("a\u{2028}b\u{202E}c", "a b c"),
            ("", ""),
        ]
    )
    func oneLine(text: String, expected: String) {
        #expect(SafeText.oneLine(text, atMost: 100) == expected)
    }

    @Test(
        "is cut between scalars, with the ellipsis inside the limit",
        arguments: [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abc…"),
            ("äöü", 6, "äöü"),
            ("äöüx", 6, "ä…"),
            ("aäöüx", 6, "aä…"),
            ("😀😀", 8, "😀😀"),
            ("😀😀", 7, "😀…"),
            ("😀😀", 6, "…"),
        ]
    )
    func cut(text: String, limit: Int, expected: String) {
        let line = SafeText.oneLine(text, atMost: limit)
        #expect(line == expected)
        #expect(line.utf8.count <= limit)
    }

    @Test(
        "is escaped where it could end a line or drive a terminal",
        arguments: [
            ("plain text, Größe 4 µs", "plain text, Größe 4 µs"),
            ("a\nb", "a\\x0Ab"),
            ("\u{1B}]0;title\u{7}", "\\x1B]0;title\\x07"),
            ("\u{9B}2J", "\\xC2\\x9B2J"),
            ("a\u{0}b\u{7F}", "a\\x00b\\x7F"),
            ("\u{2029}\u{202E}", "\\xE2\\x80\\xA9\\xE2\\x80\\xAE"),
            ("\r\n", "\\x0D\\x0A"),
        ]
    )
    func escaped(text: String, expected: String) {
        #expect(SafeText.escaped(text) == expected)
    }

    @Test(
        "is quoted as a word only where it must be",
        arguments: [
            ("001_hash_tags", "001_hash_tags"),
            ("tenant:{a}:tenant", "tenant:{a}:tenant"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=b", "\"a=b\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("back\\slash", "\"back\\\\slash\""),
            ("no\u{A0}break", "\"no\u{A0}break\""),
            ("x\n level=fake", "\"x\\x0A level=fake\""),
        ]
    )
    func word(text: String, expected: String) {
        #expect(SafeText.word(text) == expected)
    }
}
