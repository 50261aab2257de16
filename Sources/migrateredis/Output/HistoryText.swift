import FoundationEssentials
import MigrationKit
import RedisClient

/// An entry of the history, as people and as programs read it.
enum HistoryText {
    /// One line: when, what, and the facts; nothing that was stored reaches a terminal as it is.
    static func line(_ entry: HistoryEntry) -> String {
        let what = entry.kind?.text ?? entry.text(of: "event").map { KeyText.escaped(Bytes($0)) } ?? "unknown"
        let facts = entry.fields.filter { $0.name != Bytes("event") }.map { name, value in
            let text = KeyText.escaped(value, limit: 500)
            let isWord = !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
            return "\(KeyText.escaped(name))=\(isWord ? text : "\"\(text.replacing("\"", with: "\\\""))\"")"
        }
        return ([entry.time.rfc3339, what] + facts).joined(separator: "  ")
    }

    /// One JSON object on one line: `time`, `id`, and the fields as stored, invalid UTF-8 repaired.
    static func json(_ entry: HistoryEntry) throws -> String {
        var object = ["time": entry.time.rfc3339, "id": entry.id]
        for (name, value) in entry.fields {
            let name = String(decoding: name, as: UTF8.self)
            if object[name] == nil { object[name] = String(decoding: value, as: UTF8.self) }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return SafeText.json(String(decoding: try encoder.encode(object), as: UTF8.self))
    }
}
