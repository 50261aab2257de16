import MigrationKit

/// Which failed migrations a process may try again: those that had failed when it began, when its configuration was read
/// anew, or when a person asked for it, each once.
///
/// Of several processes the first one that fails again spends the permission of all: a state that failed since was
/// written under another epoch.
struct RetryMemory: Sendable {
    private var isArmed = true
    private var lastOrder: String?
    private var hasLooked = false
    /// The epoch under which each permitted migration had failed.
    private var permitted: [String: UInt64] = [:]

    /// What a look brought.
    struct Finding: Sendable, Equatable {
        /// The migrations that may be tried again.
        var retried: Set<String>
        /// Whether a person asked to forget all failures since the last look.
        var forgetsAll = false
        /// Whether a person asked for anything since the last look.
        var isNew = false
    }

    /// Permits whatever has failed by the next look.
    mutating func arm() {
        isArmed = true
    }

    /// Compares the order in a snapshot with the last one that was seen.
    mutating func look(at snapshot: SchemaSnapshot) -> Finding {
        var finding = Finding(retried: [])
        var named: String?
        if let order = snapshot.retry, order.id != lastOrder {
            lastOrder = order.id
            // An order from before this process is none for it: it tries everything once anyway.
            if hasLooked {
                finding.isNew = true
                finding.forgetsAll = order.migration == nil
                named = order.migration
            }
        }
        hasLooked = true
        for (name, state) in snapshot.states {
            guard let state = try? state.get() else { continue }
            let epoch = state.epoch ?? 0
            // What a cleanup keeps back is looked at again by itself; whoever asks does not wait for that.
            if state.trustedPhase == .cleaning, state.held != nil {
                if finding.forgetsAll || named == name { permitted[name] = epoch }
                if permitted[name] == epoch { finding.retried.insert(name) }
                continue
            }
            guard state.trustedPhase == .failed else { continue }
            if isArmed || finding.forgetsAll || named == name { permitted[name] = epoch }
            // Without the phase that failed it is being tried again already, and whoever did that broke off.
            if permitted[name] == epoch || state.failedPhase == nil { finding.retried.insert(name) }
        }
        isArmed = false
        return finding
    }
}
