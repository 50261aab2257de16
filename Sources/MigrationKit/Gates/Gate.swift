/// What the configuration asks of a phase before it runs.
public struct GatePolicy: Sendable, Equatable {
    /// Whether apply waits for a person.
    public var applyNeedsApproval: Bool
    /// Whether cleanup waits for a person.
    public var cleanupNeedsApproval: Bool
    /// Least time between verified and cleanup, by the server's clock.
    public var soak: Duration
    /// How young the last save must be when a cleanup begins; zero for any.
    public var saveWithin: Duration

    /// A policy; by default only cleanup waits for a person, and for a day.
    public init(
        applyNeedsApproval: Bool = false,
        cleanupNeedsApproval: Bool = true,
        soak: Duration = .seconds(86400),
        saveWithin: Duration = .zero
    ) {
        self.saveWithin = saveWithin
        self.applyNeedsApproval = applyNeedsApproval
        self.cleanupNeedsApproval = cleanupNeedsApproval
        self.soak = soak
    }
}

/// Whether a phase may run now.
public enum Gate: Sendable, Equatable {
    /// It may.
    case open
    /// A person has to approve it.
    case needsApproval
    /// It may once this much time has passed.
    case soaking(Duration)
    /// It may once the server has saved its data.
    case needsSave

    /// The gate before a migration's apply.
    public static func apply(_ state: MigrationState, approval: Approval?, policy: GatePolicy) -> Gate {
        guard policy.applyNeedsApproval, (state.scope?.total ?? 0) > 0 else { return .open }
        return approval?.covers(.apply, of: state) == true ? .open : .needsApproval
    }

    /// The gate before a migration's cleanup; where nothing is removed, nobody is asked.
    public static func cleanup(
        _ state: MigrationState,
        approval: Approval?,
        policy: GatePolicy,
        now: Timestamp,
        save: ServerInfo.Save = .continuous
    ) -> Gate {
        // Without a verification there is no proof; the reconciler verifies again.
        guard let verification = state.verification else { return .needsApproval }
        let left = policy.soak - verification.soakFrom.duration(to: now)
        // A server whose clock was set back tells of no more than the whole soak.
        if left > .zero { return .soaking(min(left, policy.soak)) }
        guard verification.removable > 0 else { return .open }
        if policy.cleanupNeedsApproval, approval?.covers(.cleanup, of: state) != true { return .needsApproval }
        return policy.saveWithin == .zero || isRecent(save, within: policy.saveWithin, now: now) ? .open : .needsSave
    }

    private static func isRecent(_ save: ServerInfo.Save, within limit: Duration, now: Timestamp) -> Bool {
        switch save {
        case .never, .unknown: return false
        case .continuous: return true
        case .at(let time):
            let age = time.duration(to: now)
            // A save that is far ahead was dated by a clock that was set back since: nobody knows how old it is.
            return age <= limit && age >= .zero - limit
        }
    }
}
