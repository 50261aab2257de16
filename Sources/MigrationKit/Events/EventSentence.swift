extension Event {
    /// The event in one sentence with its facts, for whoever reads the journal and sees no fields: `systemctl status`,
    /// `journalctl -u`, a log shipper.
    public var sentence: String {
        switch kind {
        case .stepStarted: return subject + "\(phase) started" + approval + ending
        case .stepFinished: return subject + "\(phase) finished" + during + ending
        case .stepFailed: return subject + "\(phase) failed" + becauseOf + ending + nextTry
        case .versionRaised: return "schema version raised to \(version)" + past + ending
        case .versionAdopted: return "schema version \(version) adopted" + past + ending
        case .waiting, .waitingLong, .stalled: return subject + kind.text + becauseOf + lasting + ending
        case .converged: return kind.text + at + becauseOf + ending
        case .phaseChanged: return subject + "\(before) → \(facts[.to] ?? "?")" + author + approval + ending
        case .lockTakenOver: return subject + kind.text + (facts[.holder].map { " from \($0)" } ?? "") + ending
        case .started, .stopping, .reloaded, .reloadRefused, .configurationRefused, .credentialChanged,
            .metricsNotWritten, .keysHeld, .placeDoubted:
            return subject + kind.text + ending
        case .approved, .revoked, .paused, .resumed, .pinned, .unpinned, .retryAsked, .reconcileAsked, .resolved,
            .unlocked:
            let gate = facts[.phase].map { " for \($0)" } ?? ""
            let target = facts[.targetVersion].map { " to \($0)" } ?? ""
            return subject + kind.text + gate + target + author + lasting + ending
        }
    }

    /// The migration, unless what follows begins with it.
    private var subject: String {
        guard let migration = facts[.migration] else { return "" }
        let isStanding = kind == .waiting || kind == .waitingLong || kind == .stalled
        return isStanding && facts[.detail]?.hasPrefix(migration) == true ? "" : "\(migration): "
    }
    private var before: String { facts[.from].flatMap { $0.isEmpty ? nil : $0 } ?? "new" }
    private var phase: String { facts[.phase] ?? "step" }
    private var version: String { facts[.schemaVersion] ?? "?" }
    private var past: String { facts[.migration].map { " by \($0)" } ?? "" }
    private var author: String { facts[.by].map { " by \($0)" } ?? "" }
    private var approval: String {
        guard let person = facts[.approvedBy] else { return "" }
        return ", approved by \(person)" + (facts[.approvalReason].map { $0.isEmpty ? "" : " (\($0))" } ?? "")
    }
    private var during: String { facts[.duration].map { " in \($0)" } ?? "" }
    private var lasting: String { facts[.duration].map { " for \($0)" } ?? "" }
    private var becauseOf: String { facts[.reason].map { " (\($0))" } ?? "" }
    private var nextTry: String { facts[.retryIn].map { " (next try in \($0))" } ?? "" }
    private var ending: String { facts[.detail].map { $0.isEmpty ? "" : ": \($0)" } ?? "" }
    private var at: String {
        guard let version = facts[.schemaVersion] else { return "" }
        return " at version \(version)" + (facts[.targetVersion].map { $0 == version ? "" : ", target \($0)" } ?? "")
    }
}
