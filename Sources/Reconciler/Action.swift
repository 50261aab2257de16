/// What to do about an observation: the result of `decide`.
public enum Action: Sendable, Equatable {
    /// Do one step, then look again.
    case run(Step)
    /// Nothing can be done now, and it will pass without us; with the migration that it concerns, if it is one.
    case wait(Reason, String, migration: String? = nil)
    /// Nothing can be done until somebody does something; the same.
    case stall(Reason, String, migration: String? = nil)
    /// The version is the one wanted; a cleanup may be pending for a reason.
    case converged(pending: PendingCleanup?)
}

/// One step of one migration.
public struct Step: Sendable, Equatable {
    /// What is done.
    public enum Kind: String, Sendable, Equatable, CaseIterable {
        /// Look at every key and record the scope.
        case plan
        /// Copy.
        case apply
        /// Compare, and raise the version.
        case verify
        /// Copy what old applications still wrote.
        case catchUp
        /// Remove the old keys.
        case cleanup
        /// Raise past a migration that does not concern this deployment.
        case skip
        /// Take over the version that Outpost's own migrators have raised the keyspace to, by their records.
        case adopt
        /// Write Outpost's record of raised migrations, where an earlier program wrote none.
        case record
    }

    /// What is done.
    public var kind: Kind
    /// The migration's name.
    public var migration: String

    /// A step of one migration.
    public init(_ kind: Kind, _ migration: String) {
        self.kind = kind
        self.migration = migration
    }

    /// The step as a participle, for sentences: `applying`.
    public var activity: String {
        switch kind {
        case .plan: return "planning"
        case .apply: return "applying"
        case .verify: return "verifying"
        case .catchUp: return "catching up"
        case .cleanup: return "cleaning up"
        case .skip: return "skipping"
        case .adopt: return "adopting the version that Outpost's own records imply"
        case .record: return "recording"
        }
    }
}

extension Step.Kind {
    /// Whether it is only begun where every command is there that any later step needs: what could not be removed later is not
    /// begun, and no version raised past it. What old applications still write behind a raise is copied all the same.
    func needsEveryCommand(isRaised: Bool) -> Bool {
        switch self {
        case .plan, .apply, .verify, .skip: return !isRaised
        case .cleanup: return true
        case .catchUp, .adopt, .record: return false
        }
    }
}

/// A cleanup that does not run yet.
public struct PendingCleanup: Sendable, Equatable {
    /// The migration's name.
    public var migration: String
    /// What it waits for.
    public var reason: Reason
    /// The same in a sentence, with what would end it.
    public var message: String

    /// A pending cleanup of its parts.
    public init(migration: String, reason: Reason, message: String) {
        self.migration = migration
        self.reason = reason
        self.message = message
    }
}
