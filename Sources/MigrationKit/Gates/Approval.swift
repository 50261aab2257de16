/// A person's word that a phase of a plan may run.
public struct Approval: Sendable, Equatable, Codable {
    /// The format of this document.
    public var format = 1
    /// The migration.
    public var migration: String
    /// The phase: `apply`, `verify` or `cleanup`.
    public var phase: GatedPhase
    /// What was planned when it was approved; another magnitude needs another approval.
    public var scope: Scope?
    /// Of `verify`: how many pairs that are `inUse` are accepted.
    public var count: Int?
    /// Who approved: user and host.
    public var by: String
    /// When, RFC 3339.
    public var at: String
    /// Why, in the person's words.
    public var reason: String

    /// An approval of its parts.
    public init(
        migration: String,
        phase: GatedPhase,
        scope: Scope?,
        count: Int? = nil,
        by: String,
        at: String,
        reason: String
    ) {
        self.count = count
        self.migration = migration
        self.phase = phase
        self.scope = scope
        self.by = by
        self.at = at
        self.reason = reason
    }

    /// Reads an approval; a count that no keyspace has makes it none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        format = try container.decode(Int.self, forKey: .format)
        migration = try container.decode(String.self, forKey: .migration)
        phase = try container.decode(GatedPhase.self, forKey: .phase)
        scope = try container.decodeIfPresent(Scope.self, forKey: .scope)
        count = try container.boundedIfPresent(.count)
        by = try container.decode(String.self, forKey: .by)
        at = try container.decode(String.self, forKey: .at)
        reason = try container.decode(String.self, forKey: .reason)
    }

    /// Whether it opens a phase of a migration as it stands now.
    public func covers(_ phase: GatedPhase, of state: MigrationState) -> Bool {
        guard format == 1, opens(phase, of: state), migration == state.migrationName else { return false }
        guard let planned = state.scope else { return true }
        return scope?.covers(planned) ?? false
    }

    /// Who accepts what verify found accepts the apply that leads to it: an invalid verify goes back there.
    private func opens(_ gated: GatedPhase, of state: MigrationState) -> Bool {
        phase == gated || phase == .verify && gated == .apply && state.inUse != nil
    }
}

extension Approval {
    /// What is told of it where it has opened a phase.
    ///
    /// The document may be anybody's who can write to Redis: what was done because of it must not be the only trace of it.
    public var facts: [Event.Fact: String] {
        [.approvedBy: String(by.prefix(Self.mostTold)), .approvalReason: String(reason.prefix(Self.mostTold))]
    }

    /// The same where a migration has come into a phase that it opens; nothing elsewhere.
    func facts(of state: MigrationState) -> [Event.Fact: String] {
        let gated: GatedPhase
        switch state.phase {
        case .applying: gated = .apply
        case .verified: gated = .verify
        case .cleaning, .cleaned: gated = .cleanup
        case .planned, .applied, .failed: return [:]
        }
        return covers(gated, of: state) ? facts : [:]
    }

    /// As many characters as the programs' own orders have at most.
    private static let mostTold = 1000
}

/// A phase that a gate can hold.
public enum GatedPhase: String, Sendable, Codable, CaseIterable {
    /// Copying.
    case apply
    /// Accepting what verify lists.
    case verify
    /// Removing.
    case cleanup
}
