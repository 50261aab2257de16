import MigrationKit

/// One thing that is so or not, with the reason, as Kubernetes has them.
public struct Condition: Sendable, Equatable, Codable {
    /// What may be so.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The version is the one wanted.
        case ready = "Ready"
        /// A step is being done or about to be.
        case reconciling = "Reconciling"
        /// Nothing goes on until somebody does something.
        case stalled = "Stalled"
        /// Old keys wait for their cleanup.
        case cleanupPending = "CleanupPending"
        /// Keys are held back that a person has to settle.
        case keysHeld = "KeysHeld"
    }

    /// What.
    public var type: Kind
    /// Whether it is so: `True`, `False` or `Unknown`.
    public var status: String
    /// Why, as one word of the list of reasons.
    public var reason: String
    /// Why, as a sentence.
    public var message: String
    /// Since when it is so, RFC 3339; nil from one that looked only once, and does not know.
    public var lastTransitionTime: String?

    /// All conditions that an action and what is held back amount to; the time of those that were so before is kept.
    public static func all(
        of action: Action,
        held: HeldBack? = nil,
        previous: [Condition] = [],
        at time: Timestamp? = nil
    ) -> [Condition] {
        Kind.allCases.map { kind in
            let (status, reason, message) = judge(kind, action, held)
            let before = previous.first { $0.type == kind }
            let since = before?.status == status ? before?.lastTransitionTime : nil
            return Condition(
                type: kind,
                status: status,
                reason: reason.rawValue,
                message: message,
                lastTransitionTime: since ?? time?.rfc3339
            )
        }
    }

    private static func judge(_ kind: Kind, _ action: Action, _ held: HeldBack?) -> (String, Reason, String) {
        let (reason, message) = action.explanation
        if kind == .keysHeld {
            // Whether any are held is not known where nobody could look.
            if case .wait(.redisUnreachable, _, _) = action, held == nil { return ("Unknown", reason, message) }
            return held.map { ("True", .keysHeld, $0.message) } ?? ("False", reason, "")
        }
        switch (kind, action) {
        case (.ready, .converged): return ("True", .converged, "The schema is at the version wanted.")
        case (.ready, .wait(.redisUnreachable, _, _)), (.ready, .wait(.notMaster, _, _)):
            return ("Unknown", reason, message)
        case (.ready, _): return ("False", reason, message)
        case (.reconciling, .run), (.reconciling, .wait): return ("True", reason, message)
        case (.stalled, .stall): return ("True", reason, message)
        case (.cleanupPending, .converged(let pending?)): return ("True", pending.reason, pending.message)
        case (.cleanupPending, .run(let step)) where step.kind == .cleanup || step.kind == .catchUp:
            return ("True", reason, message)
        case (.reconciling, _), (.stalled, _), (.cleanupPending, _), (.keysHeld, _): return ("False", reason, "")
        }
    }
}

extension Action {
    /// The reason and the sentence for it.
    public var explanation: (reason: Reason, message: String) {
        switch self {
        case .run(let step): return (.progressing, "\(step.migration): \(step.activity)")
        case .wait(let reason, let message, _), .stall(let reason, let message, _): return (reason, message)
        case .converged(let pending?): return (.cleanupPending, pending.message)
        case .converged(nil): return (.converged, "Nothing is left to do.")
        }
    }

    /// The migration that it concerns; nil where it is none, or not one alone.
    public var migration: String? {
        switch self {
        case .run(let step): return step.migration
        case .wait(_, _, let migration), .stall(_, _, let migration): return migration
        case .converged(let pending): return pending?.migration
        }
    }
}
