import Testing

@testable import Systemd

@Suite("A journal field")
struct JournalFieldTests {
    @Test(
        "is named after the metadata key, in the journal's letters",
        arguments: [
            ("migration", "MIGRATION"),
            ("schema-version", "SCHEMA_VERSION"),
            ("error.message", "ERROR_MESSAGE"),
            ("message-id", "MESSAGE_ID"),
            ("MESSAGE_ID", "MESSAGE_ID"),
            ("a b\n=c", "ABC"),
            ("größe", "GRE"),
            ("batch2", "BATCH2"),
        ]
    )
    func names(key: String, expected: String) {
        #expect(JournalField.name(forKey: key) == expected)
    }

    @Test(
        "has a prefix where the name would be journald's, ours, or no name",
        arguments: [
            ("_PID", "FIELD__PID"),
            ("-x", "FIELD__X"),
            ("2fast", "FIELD_2FAST"),
            ("", "FIELD_"),
            ("é", "FIELD_"),
            ("message", "FIELD_MESSAGE"),
            ("Priority", "FIELD_PRIORITY"),
            ("syslog.identifier", "FIELD_SYSLOG_IDENTIFIER"),
            ("code-line", "FIELD_CODE_LINE"),
            ("logger", "FIELD_LOGGER"),
        ]
    )
    func prefixed(key: String, expected: String) {
        #expect(JournalField.name(forKey: key) == expected)
    }

    @Test("has a name of at most 64 bytes, the prefix included")
    func longNames() {
        #expect(JournalField.name(forKey: String(repeating: "a", count: 64)).utf8.count == 64)
        #expect(JournalField.name(forKey: String(repeating: "a", count: 65)).utf8.count == 64)
        let prefixed = JournalField.name(forKey: String(repeating: "7", count: 64))
        #expect(prefixed.utf8.count == 64)
        #expect(prefixed.hasPrefix("FIELD_7"))
    }

    @Test("always has a name that journald accepts")
    func randomNames() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...90)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let key = String(decoding: bytes, as: UTF8.self)
            let name = Array(JournalField.name(forKey: key).utf8)
            let isValid =
                (1...64).contains(name.count)
                && name.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
                && (0x41...0x5A).contains(name[0])
            #expect(isValid, "key \(bytes)")
        }
    }

    @Test("keeps every byte of its value")
    func bytes() {
        let field = JournalField(name: "REASON", value: "a\nPRIORITY=0\u{0}=ü")
        #expect(field.bytes == Array("REASON=a\nPRIORITY=0\u{0}=ü".utf8))
        #expect(JournalField(name: "X", value: "").bytes == [0x58, 0x3D])
    }
}
