import MigrationKit
import Reconciler
import RedisClient

/// What `status --watch` draws: a pure function of the document, the rates and the width.
struct WatchScreen {
    /// The columns of the terminal.
    var width: Int
    /// Whether colours may be used.
    var hasColor: Bool

    /// The lines of one picture, none longer than the width.
    func lines(_ document: StatusDocument, rates: [String: WatchRate]) -> [String] {
        var lines = [cut(head(document))]
        if let pin = document.pin { lines += wrapped("Pinned     ", "version \(pin.version) by \(pin.order.text)") }
        if let lock = document.lock { lines += wrapped("Lock       ", StatusText.lock(lock)) }
        for daemon in document.daemons { lines += wrapped("Daemon     ", daemon.lines(besides: document.next)[0]) }
        lines.append("")
        let name = document.migrations.map(\.name.count).max() ?? 0
        for migration in document.migrations { lines += row(migration, rates[migration.name], nameWidth: name) }
        if !document.migrations.isEmpty { lines.append("") }
        if let held = document.heldBack { lines += wrapped("Held       ", held, 33) }
        return lines + next(document.next)
    }

    /// The same on lines that are not drawn over: one for each thing that changed.
    static func plain(_ document: StatusDocument, rates: [String: WatchRate]) -> String {
        var parts = [WatchScreen(width: .max, hasColor: false).head(document)]
        for migration in document.migrations {
            guard let phase = migration.phase else { continue }
            var part = "\(migration.name) \(phase.rawValue)"
            if let progress = migration.progress, phase == .applying {
                part += numbers(progress, rates[migration.name])
            }
            if let strain = migration.progress?.strain { part += ", \(KeyText.printable(strain.text))" }
            if let held = migration.held { part += ", \(Wording.number(held.total)) held" }
            parts.append(part)
        }
        parts.append(document.next.sentence)
        return parts.joined(separator: "; ")
    }

    private func head(_ document: StatusDocument) -> String {
        let version = document.version.map { "v\($0)" } ?? "unknown"
        let goal = document.version == document.target ? "" : " → v\(document.target)"
        return "Schema     \(version)\(goal)  \(document.server.address)"
    }

    /// A migration: its phase and what is held; while it applies, a bar with what is done, how fast and how long still.
    private func row(
        _ migration: StatusDocument.MigrationStatus,
        _ rate: WatchRate?,
        nameWidth: Int
    ) -> [String] {
        let phase = migration.unreadable == nil ? migration.phase?.rawValue ?? "–" : "unreadable"
        let name = migration.name + String(repeating: " ", count: nameWidth - migration.name.count)
        var line = "\(name)  \(phase)"
        if let held = migration.held {
            line += "  held: "
            line += held.counts.sorted { $0.key < $1.key }
                .map { "\(Wording.number($0.value)) \(KeyText.printable($0.key))" }.joined(separator: ", ")
        }
        var lines = [cut(line)]
        if let strain = migration.progress?.strain { lines += wrapped("  ", KeyText.printable(strain.text)) }
        guard let progress = migration.progress, migration.phase == .applying, progress.totalItems > 0 else {
            return lines
        }
        let numbers = Self.numbers(progress, rate)
        // The bar takes what the numbers leave, where that is worth a bar.
        let room = width - numbers.count - 5
        let size = max(10, min(60, room))
        let full = min(size, progress.processedItems * size / progress.totalItems)
        let bar = color(String(repeating: "#", count: full), 36) + String(repeating: "-", count: size - full)
        if room >= 10 {
            lines.append("  [\(bar)]\(numbers)")
        } else {
            lines += ["  [\(bar)]", cut("  \(numbers.dropFirst())")]
        }
        return lines
    }

    private static func numbers(_ progress: Progress, _ rate: WatchRate?) -> String {
        let done = min(progress.processedItems, max(progress.totalItems, 0))
        let percent = progress.totalItems > 0 ? " \(done * 100 / progress.totalItems) %" : ""
        var text = "\(percent) \(Wording.number(done)) of \(Wording.number(progress.totalItems))"
        guard let rate, rate.perSecond > 0 else { return text }
        text += ", \(Wording.number(rate.perSecond))/s"
        let left = (progress.totalItems - done) / rate.perSecond
        if left > 0 { text += ", \(Wording.duration(.seconds(left))) left" }
        return text
    }

    private func next(_ next: StatusDocument.Next) -> [String] {
        switch next.action {
        case "wait": return wrapped(next.label, next.text, 33)
        case "stall": return wrapped(next.label, next.text, 31)
        case "none": return wrapped(next.label, next.text, 32)
        default: return wrapped(next.label, next.text, nil)
        }
    }

    /// A text under a heading, in lines of whole words.
    private func wrapped(_ heading: String, _ text: String, _ code: Int? = nil) -> [String] {
        let room = max(5, width - heading.count)
        var rows: [String] = []
        var row = ""
        for word in text.split(separator: " ") {
            if !row.isEmpty, row.count + 1 + word.count > room {
                rows.append(row)
                row = ""
            }
            row += (row.isEmpty ? "" : " ") + word
            while row.count > room {
                rows.append(String(row.prefix(room)))
                row = String(row.dropFirst(room))
            }
        }
        rows.append(row)
        let blank = String(repeating: " ", count: heading.count)
        return rows.enumerated().map { ($0 == 0 ? color(heading, code) : blank) + $1 }
    }

    private func cut(_ line: some StringProtocol) -> String {
        line.count <= width ? String(line) : line.prefix(max(0, width - 1)) + "…"
    }

    private func color(_ text: String, _ code: Int?) -> String {
        guard hasColor, let code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
