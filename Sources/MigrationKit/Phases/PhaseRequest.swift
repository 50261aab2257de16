/// A phase that somebody asks for, and whether it follows from where the migration stands.
///
/// Pure: asked before a person is asked for a yes, and again under the lock.
public enum PhaseRequest: Sendable, CaseIterable {
    /// Copy or rewrite; at a raised version, catch up.
    case apply
    /// Compare, and raise the version.
    case verify
    /// Remove the old keys.
    case cleanup
    /// Undo an apply.
    case rollback
    /// Settle keys that are held back.
    case resolve
    /// Raise the version past a migration that does not concern the deployment.
    case skip

    /// What decides.
    public struct Standing: Sendable {
        /// The version of the schema, or the higher one to which Outpost's own migrators have raised the keyspace.
        public var version: Int
        /// The migration's state, if it has one.
        public var state: MigrationState?
        /// The target that a person has pinned.
        public var pin: Pin?

        /// A standing of its parts.
        public init(version: Int, state: MigrationState?, pin: Pin? = nil) {
            self.version = version
            self.state = state
            self.pin = pin
        }
    }

    /// Why the phase must not begin; nil where it may.
    public func refusal(of migration: any Migration, _ standing: Standing) -> MigrationError? {
        if leadsOnward,
            let text = standing.pin?.refusal(of: migration.name, to: migration.version, at: standing.version)
        {
            return MigrationError(.pinned, "\(text).")
        }
        return wrongPhase(migration, standing).map { MigrationError(.wrongPhase, $0) }
    }

    /// Whether it is part of the way to the migration's version.
    private var leadsOnward: Bool {
        switch self {
        case .apply, .verify, .cleanup, .skip: true
        case .rollback, .resolve: false
        }
    }

    private func wrongPhase(_ migration: any Migration, _ standing: Standing) -> String? {
        let name = migration.name
        let version = standing.version
        let state = standing.state
        let phase = state?.trustedPhase
        switch self {
        case .skip: return nil
        case .apply:
            if version < migration.version - 1 {
                return
                    "\(name) needs schema version \(migration.version - 1), and the keyspace is at \(version): apply the "
                    + "migrations before it first."
            }
            return phase == .cleaned ? "\(name) is cleaned: there is nothing left to apply." : nil
        case .verify:
            switch phase {
            case nil, .planned: return "\(name) was not applied yet: run apply first."
            case .cleaned: return "\(name) is cleaned: there is nothing left to compare."
            default:
                return state?.phase == .applying
                    ? "\(name) is not applied to its end: run apply again first." : nil
            }
        case .cleanup:
            if version < migration.version {
                return "The keyspace is at version \(version): \(name) must be verified before its old keys go."
            }
            if phase == .cleaned { return "\(name) is cleaned: there is nothing left to clean up." }
            if phase == .verified || phase == .cleaning { return nil }
            let stands = phase.map { "is \($0.rawValue)" } ?? "has no state"
            return "\(name) \(stands), not verified: its old keys stay until verify has compared everything."
        case .rollback:
            if !(migration is any KeyMoveMigration) {
                return "\(name) rewrites in place: there is no copy to go back to. Restore a backup if you must."
            }
            if version >= migration.version {
                return
                    "The version is \(version): applications use the new names of \(name), and removing them would lose "
                    + "what they wrote. There is no way back. Until its cleanup the old keys stay as they were: `migrateredis "
                    + "pause` keeps them."
            }
            let isApplied = state.map { $0.format != nil && $0.phase != .planned } ?? false
            return isApplied ? nil : "\(name) was not applied: there is nothing to roll back."
        case .resolve:
            if !(migration is any KeyMoveMigration) {
                return "\(name) rewrites in place, so there are no two sides: correct the fields that it holds back."
            }
            if phase == nil || phase == .planned {
                return "\(name) was not applied yet: there is nothing to settle."
            }
            return phase == .cleaned ? "\(name) is cleaned: there is nothing left to settle." : nil
        }
    }
}

extension Pin {
    /// Why a step that leads to a version must not be taken; nil where the pin does not bear on it: it lies within the pin, or
    /// the keyspace is past it already.
    public func refusal(of migration: String, to version: Int, at current: Int) -> String? {
        guard version > self.version, version > current else { return nil }
        return "Version \(self.version) was pinned by \(order.text), and \(migration) leads to \(version); "
            + "`migrateredis unpin` ends that"
    }
}
