import MigrationKit
import Reconciler
import RedisClient

/// What `status` tells, as people read it.
enum StatusText {
    static func lines(_ document: StatusDocument, action: Action, isTargetConfigured: Bool) -> [String] {
        var lines: [String] = []
        let version = document.version.map(String.init) ?? "unreadable"
        let origin = isTargetConfigured ? "" : " (the newest known; schema.target is not set)"
        lines.append("Schema     version \(version), target \(document.target)\(origin)")
        lines.append("Redis      \(document.server.address), version \(document.server.version)")
        lines.append("Lock       \(lock(document.lock))")
        if let pause = document.pause {
            lines.append("Paused     by \(pause.text)")
        }
        lines.append("")
        var table = Table(["Migration", "Raises to", "Phase", "Done", "Held"], numeric: [1, 3, 4])
        for migration in document.migrations {
            table.add([
                migration.name, String(migration.version), migration.unreadable == nil ? migration.phase ?? "–" : "?",
                migration.progress.map(done) ?? "", migration.held.map { Wording.number($0.total) } ?? "",
            ])
        }
        lines += table.lines
        for migration in document.migrations {
            lines += details(migration)
        }
        lines.append("")
        lines.append(contentsOf: next(action))
        return lines
    }

    private static func lock(_ lock: StatusDocument.LockStatus?) -> String {
        guard let lock else { return "free" }
        var text = "held by \(lock.holder)"
        if let migration = lock.migration { text += " for \(migration)" }
        if let since = lock.since { text += " since \(since)" }
        return text
    }

    private static func done(_ progress: Progress) -> String {
        progress.totalItems > 0
            ? "\(Wording.number(progress.processedItems)) of \(Wording.number(progress.totalItems))"
            : Wording.number(progress.processedItems)
    }

    private static func details(_ migration: StatusDocument.MigrationStatus) -> [String] {
        var lines: [String] = []
        if let unreadable = migration.unreadable { lines += ["", "\(migration.name): \(unreadable)"] }
        for error in migration.errors {
            lines += ["", "\(migration.name): \(KeyText.escaped(Bytes(error), limit: 500))"]
        }
        if let held = migration.held {
            lines += ["", "\(migration.name) holds back:"]
            // Stored escaped by us; escaped again, a forged one reaches the terminal no more than ours.
            for sample in held.samples.prefix(10) {
                lines.append("  \(KeyText.printable(sample.reason))  \(KeyText.printable(sample.key))")
            }
            let rest = held.total - min(10, held.samples.count)
            if rest > 0 { lines.append("  and \(Wording.number(rest)) more") }
        }
        return lines
    }

    private static func next(_ action: Action) -> [String] {
        let (reason, message) = action.explanation
        switch action {
        case .run(let step):
            return ["Next       \(step.migration): \(step.kind.rawValue)"]
        case .wait: return ["Waiting    \(reason.rawValue): \(message)"]
        case .stall: return ["Stalled    \(reason.rawValue): \(message)"]
        case .converged(let pending?): return ["Converged  \(pending.message)"]
        case .converged(nil): return ["Converged  Nothing is left to do."]
        }
    }
}
