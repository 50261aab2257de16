import MigrationKit

/// The highest that a process has seen, by which it notices what goes backwards.
struct HighWater: Sendable {
    private var version = 0
    private var phases: [String: Phase] = [:]

    /// Compares a snapshot with what was seen before, in a sentence if something went backwards, and remembers it.
    mutating func regression(in snapshot: SchemaSnapshot) -> String? {
        var finding: String?
        if let now = try? snapshot.version.get() {
            if now < version { finding = "The schema version went from \(version) to \(now)." }
            version = max(version, now)
        }
        // Of an apply that has begun since the last look, only the plan was seen.
        for (name, before) in phases where snapshot.states[name] == nil {
            finding = finding ?? "The state of \(name) was \(before.rawValue) and is gone."
        }
        for (name, state) in snapshot.states {
            guard let phase = (try? state.get())?.trustedPhase else { continue }
            if let before = phases[name], before == .cleaning || before == .cleaned, !phase.isVerifiedOrLater {
                finding = finding ?? "\(name) was \(before.rawValue) and is \(phase.rawValue) now."
            }
            phases[name] = phase
        }
        return finding
    }
}
