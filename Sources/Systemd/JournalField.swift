/// One field of a journal entry: a name from systemd.journal-fields(7) or of our own, and any value at all.
struct JournalField: Equatable, Sendable {
    let name: String
    let value: String

    /// The form sd_journal_sendv(3) takes. Its length travels beside it, so the value may hold newlines and NULs.
    var bytes: [UInt8] { Array(name.utf8) + [UInt8(ascii: "=")] + Array(value.utf8) }
}

extension JournalField {
    /// Longer names are refused by journald, and the field with them.
    static let nameLimit = 64

    /// Names whose meaning is given; a second value under one of them would forge or blur the entry.
    private static let reserved: Set<String> = [
        "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_FACILITY", "SYSLOG_PID", "SYSLOG_TIMESTAMP", "SYSLOG_RAW",
        "CODE_FILE", "CODE_LINE", "CODE_FUNC", "LOGGER",
    ]

    /// Returns the field name for a metadata key: `message-id` becomes `MESSAGE_ID`.
    ///
    /// Letters become capitals, '-' and '.' become '_', everything else but digits and '_' goes. A name that would begin
    /// with '_' (reserved for journald) or a digit, that is empty, or that has a meaning already gets `FIELD_` before it.
    static func name(forKey key: String) -> String {
        var bytes = key.utf8.compactMap(nameByte)
        let name = String(decoding: bytes, as: UTF8.self)
        let startsWell = bytes.first.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 } ?? false
        if !startsWell || reserved.contains(name) {
            bytes = Array("FIELD_".utf8) + bytes
        }
        return String(decoding: bytes.prefix(nameLimit), as: UTF8.self)
    }

    private static func nameByte(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): byte
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
        case UInt8(ascii: "-"), UInt8(ascii: "."): UInt8(ascii: "_")
        default: nil
        }
    }
}
