import MigrationKit

/// The journal's message catalog, by which `journalctl -x` explains each event.
///
/// The form is that of systemd's own catalogs: an entry begins with `-- ` and the message id, headers follow, then an
/// empty line and the text. See journalctl(1), “--catalog”.
enum JournalCatalog {
    /// The file's text.
    static var text: String {
        Event.Kind.allCases.map(entry).joined(separator: "\n")
    }

    private static func entry(_ kind: Event.Kind) -> String {
        let explanation = kind.explanation
        return """
            -- \(kind.messageID)
            Subject: \(explanation.subject)
            Defined-By: migrateredis
            Support: man:migrateredisd(8)

            \(wrapped(explanation.cause))

            \(wrapped("What to do: " + explanation.remedy))

            """
    }

    /// Lines of at most 80 columns; a fact's value may make one longer.
    private static func wrapped(_ text: String) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= 80 {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}
