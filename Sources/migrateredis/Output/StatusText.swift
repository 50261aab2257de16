import MigrationKit
import Reconciler
import RedisClient

/// What `status` tells, as people read it.
enum StatusText {
    static func lines(_ document: StatusDocument) -> [String] {
        var lines: [String] = []
        let isKnown = document.server.version != nil
        let version = document.version.map(String.init) ?? (isKnown ? "unreadable" : "unknown")
        let origin = document.targetFrom == .newest ? " (the newest known; schema.target is not set)" : ""
        lines.append("Schema     version \(version), target \(document.target)\(origin)")
        if let pin = document.pin { lines.append("Pinned     version \(pin.version) by \(pin.order.text)") }
        let server = document.server.version.map { ", version \($0)" } ?? ""
        lines.append("Redis      \(document.server.address)\(server)")
        if isKnown { lines.append("Lock       \(lock(document.lock))") }
        if isKnown { lines += daemons(document) }
        if let pause = document.pause {
            lines.append("Paused     by \(pause.text)")
        }
        lines += document.migrations.compactMap { migration in
            migration.approval.map { "Approved   \($0.phase.rawValue) of \(migration.name) by \(Self.text($0))" }
        }
        if !document.migrations.isEmpty { lines += [""] + migrations(document) }
        lines.append("")
        if let held = document.heldBack { lines.append("Held       \(held)") }
        lines.append(next(document.next))
        return lines
    }

    private static func migrations(_ document: StatusDocument) -> [String] {
        var table = Table(["Migration", "Raises to", "Phase", "Done", "Held"], numeric: [1, 3, 4])
        for migration in document.migrations {
            table.add([
                migration.name, String(migration.version),
                migration.unreadable == nil ? migration.phase?.rawValue ?? "–" : "?",
                migration.progress.map(done) ?? "", migration.held.map { Wording.number($0.total) } ?? "",
            ])
        }
        return table.lines + document.migrations.flatMap(details)
    }

    /// Each daemon that tells of itself.
    private static func daemons(_ document: StatusDocument) -> [String] {
        guard !document.daemons.isEmpty else { return ["Daemon     none has told of itself"] }
        return document.daemons.flatMap { daemon in
            daemon.lines(besides: document.next).enumerated().map {
                ($0.offset == 0 ? "Daemon     " : "           ") + $0.element
            }
        }
    }

    /// Who approved, when and why; anybody may have stored it.
    private static func text(_ approval: Approval) -> String {
        Override(by: approval.by, at: approval.at, reason: approval.reason).text
    }

    static func lock(_ lock: StatusDocument.LockStatus?) -> String {
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
        if let reason = migration.notApplicable, migration.phase == nil {
            lines += ["", "\(migration.name) does not concern this deployment: \(reason)"]
        }
        if let strain = migration.progress?.strain {
            lines += ["", "\(migration.name) is \(KeyText.printable(strain.text))"]
        }
        if let unreadable = migration.unreadable { lines += ["", "\(migration.name): \(unreadable)"] }
        for error in migration.errors {
            lines += ["", "\(migration.name): \(KeyText.escaped(Bytes(error), limit: 500))"]
        }
        if let held = migration.held {
            lines += ["", "\(migration.name) holds back:"]
            // Stored escaped by us; escaped again, a forged one reaches the terminal no more than ours.
            for sample in held.samples.prefix(10) {
                lines.append("  \(KeyText.printable(sample.reason))  \(KeyText.printable(sample.text))")
            }
            let rest = held.total - min(10, held.samples.count)
            if rest > 0 { lines.append("  and \(Wording.number(rest)) more") }
        }
        return lines
    }

    private static func next(_ next: StatusDocument.Next) -> String { next.label + next.text }
}

extension StatusDocument.Next {
    /// How the last line begins, in eleven columns.
    var label: String {
        switch action {
        case "wait": return "Waiting    "
        case "stall": return "Stalled    "
        case "none": return "Converged  "
        default: return by == nil ? "Next       " : "Working    "
        }
    }

    /// What follows: the reason of what does not go on, the sentence, and who says so.
    var text: String { ["wait", "stall"].contains(action) ? sentence : (order ?? message) + who }

    /// A step as it would be ordered, such as `plan 001_hash_tags`; nil where that says too little.
    private var order: String? {
        guard by == nil, let kind = Step.Kind(rawValue: action), let migration else { return nil }
        switch kind {
        case .catchUp: return "catch up \(migration)"
        case .cleanup: return "clean up \(migration)"
        case .plan, .apply, .verify, .skip: return "\(kind.rawValue) \(migration)"
        case .adopt, .record: return nil
        }
    }

    /// The reason, unless the sentence begins with it, the sentence, and who says so.
    var sentence: String { (message.hasPrefix(reason.rawValue) ? "" : "\(reason.rawValue): ") + message + who }

    private var who: String { by.map { isStep ? ", by \($0)" : " (\($0))" } ?? "" }

    /// Whether something is done.
    var isStep: Bool { Step.Kind(rawValue: action) != nil }
}
