import RedisClient
import Testing

@testable import Systemd

@Suite("Text from elsewhere")
struct LogTextTests {
    @Test(
        "becomes one line without control characters",
        arguments: [
            ("schema v1 → v3: 45 %", "schema v1 → v3: 45 %"),
            ("a\nWATCHDOG=1", "a\\x0aWATCHDOG=1"),
            ("a\r\nb\u{0}c\td", "a\\x0d\\x0ab\\x00c\\x09d"),
            ("\u{1B}[31mred", "\\x1b[31mred"),
            ("\u{9B}2J\u{7F}\u{85}", "\\xc2\\x9b2J\\x7f\\xc2\\x85"),
            ("a\u{2028}b\u{202E}c", "a\\xe2\\x80\\xa8b\\xe2\\x80\\xaec"),
            ("", ""),
        ]
    )
    func oneLine(text: String, expected: String) {
        #expect(LogText.oneLine(text, atMost: 100) == expected)
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
        let line = LogText.oneLine(text, atMost: limit)
        #expect(line == expected)
        #expect(line.utf8.count <= limit)
    }

    @Test(
        "is escaped where it could end a line or drive a terminal",
        arguments: [
            ("plain text, Größe 4 µs", "plain text, Größe 4 µs"),
            ("a\nb", "a\\x0ab"),
            ("\u{1B}]0;title\u{7}", "\\x1b]0;title\\x07"),
            ("\u{9B}2J", "\\xc2\\x9b2J"),
            ("a\u{0}b\u{7F}", "a\\x00b\\x7f"),
            ("\u{2029}\u{202E}", "\\xe2\\x80\\xa9\\xe2\\x80\\xae"),
            ("\r\n", "\\x0d\\x0a"),
        ]
    )
    func escaped(text: String, expected: String) {
        #expect(SafeText.guarded(text) == expected)
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
            ("x\n level=fake", "\"x\\x0a level=fake\""),
        ]
    )
    func word(text: String, expected: String) {
        #expect(LogText.word(text) == expected)
    }
}
