import Logging
import Testing

@testable import Systemd

@Suite("A journal entry")
struct JournalEntryTests {
    @Test("has the message, where it came from, and each pair as a field")
    func fields() {
        let entry = JournalEntry(
            event: .test("migration applied", level: .notice),
            label: "reconciler",
            identifier: "migrateredisd",
            pairs: [("message-id", "a1b2"), ("migration", "001_hash_tags")]
        )
        #expect(
            entry.fields == [
                JournalField(name: "MESSAGE", value: "migration applied"),
                JournalField(name: "PRIORITY", value: "5"),
                JournalField(name: "SYSLOG_IDENTIFIER", value: "migrateredisd"),
                JournalField(name: "CODE_FILE", value: "Reconciler/Loop.swift"),
                JournalField(name: "CODE_LINE", value: "42"),
                JournalField(name: "CODE_FUNC", value: "run()"),
                JournalField(name: "LOGGER", value: "reconciler"),
                JournalField(name: "MESSAGE_ID", value: "a1b2"),
                JournalField(name: "MIGRATION", value: "001_hash_tags"),
            ]
        )
    }

    @Test("has one message and one priority, whatever the metadata is called")
    func forged() {
        let entry = JournalEntry(
            event: .test("real"),
            label: "l",
            identifier: "i",
            pairs: [("MESSAGE", "forged"), ("priority", "0")]
        )
        #expect(entry.fields.filter { $0.name == "MESSAGE" }.map(\.value) == ["real"])
        #expect(entry.fields.filter { $0.name == "PRIORITY" }.map(\.value) == ["6"])
    }

    @Test("has the sentence as its message, on one line, and in no field")
    func sentence() {
        let entry = JournalEntry(
            event: .test("stalled"),
            label: "l",
            identifier: "i",
            pairs: [("detail", "NOAUTH"), ("sentence", "stalled (PermissionDenied):\nNOAUTH")]
        )
        #expect(
            entry.fields.filter { $0.name == "MESSAGE" }.map(\.value) == ["stalled (PermissionDenied):\\x0aNOAUTH"]
        )
        #expect(entry.fields.contains(JournalField(name: "DETAIL", value: "NOAUTH")))
        #expect(!entry.fields.contains { $0.name == "SENTENCE" })
    }

    @Test("has no more fields than journald takes")
    func bounded() {
        let pairs = (0..<5_000).map { (key: "key\($0)", value: "v") }
        let entry = JournalEntry(event: .test("m"), label: "l", identifier: "i", pairs: pairs)
        #expect(entry.fields.count == 7 + 256)
    }

    @Test(
        "has the priority of syslog for each level",
        arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2])
    )
    func priorities(level: Logger.Level, priority: Int) {
        #expect(level.syslogPriority == priority)
    }
}
