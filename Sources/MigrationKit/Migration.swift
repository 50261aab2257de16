/// A step of the schema: what it is called, which version it raises to, and its four phases.
public protocol Migration: Sendable {
    /// The name, such as `001_hash_tags`; part of key names, so letters, digits and `_` only.
    var name: String { get }
    /// The schema version that it raises to.
    var version: Int { get }
    /// One sentence for `list`.
    var description: String { get }

    /// Looks at every key and says what would be done; writes nothing.
    func plan(in context: MigrationContext) async throws -> Plan
    /// Says about how much it will be, from a part of the keyspace: for an apply on whose plan nobody decides.
    func estimate(in context: MigrationContext) async throws -> Plan
    /// Does it; old keys stay. After the raise the same walk is the catch-up.
    func apply(_ plan: Plan, in context: MigrationContext) async throws -> MigrationState
    /// Compares everything.
    func verify(_ state: MigrationState, in context: MigrationContext) async throws -> VerificationResult
    /// Removes the old keys that are proven safe to remove.
    func cleanup(_ state: MigrationState, in context: MigrationContext) async throws -> CleanupResult
    /// Whether the migration has anything to do in this deployment at all.
    func applicability(in names: KeyNames) -> Applicability
    /// How the names of the keys that it is about are understood in a deployment; nil where names do not tell.
    func keyMoves(in names: KeyNames) -> (any KeyMoves)?
}

extension Migration {
    /// The whole plan.
    public func estimate(in context: MigrationContext) async throws -> Plan {
        try await plan(in: context)
    }

    /// Always applicable.
    public func applicability(in names: KeyNames) -> Applicability { .applicable }

    /// Names do not tell.
    public func keyMoves(in names: KeyNames) -> (any KeyMoves)? { nil }
}

/// Whether a migration concerns a deployment.
public enum Applicability: Sendable, Equatable {
    /// It does.
    case applicable
    /// It does not, for this reason: its version is raised without it.
    case notApplicable(String)
}

/// What a migration would do.
public struct Plan: Sendable, Equatable {
    /// The migration's name.
    public var migration: String
    /// What the walk found.
    public var report: WalkReport
    /// Source keys by kind.
    public var scope: Scope
    /// The ledger that it needs; nil for none.
    public var ledger: LedgerShape?
    /// Whether the scope is estimated, and the report empty: an apply that sees all keys puts what it counted in its place.
    public var isEstimate: Bool
    /// Whether the server tells sizes: otherwise the report's are guesses.
    public var sizesAreKnown = true

    /// A plan of its parts.
    public init(
        migration: String,
        report: WalkReport,
        scope: Scope,
        ledger: LedgerShape?,
        isEstimate: Bool = false
    ) {
        self.migration = migration
        self.report = report
        self.scope = scope
        self.ledger = ledger
        self.isEstimate = isEstimate
    }

    /// Whether a person has to settle something before it can succeed.
    public var hasConflicts: Bool { report.held.total > 0 || report.ambiguous > 0 }
}

/// What a verify found.
public struct VerificationResult: Sendable, Equatable {
    /// What the walk found.
    public var report: WalkReport
    /// Why it is not valid, in sentences; empty when it is.
    public var problems: [String]
    /// Whether a person has to settle something.
    public var hasConflicts: Bool
    /// How many sources cleanup will look at.
    public var removable: Int

    /// A result of its parts.
    public init(report: WalkReport, problems: [String], hasConflicts: Bool, removable: Int) {
        self.report = report
        self.problems = problems
        self.hasConflicts = hasConflicts
        self.removable = removable
    }

    /// Whether every pair is as it should be.
    public var isValid: Bool { problems.isEmpty }
}

/// What a cleanup did.
public struct CleanupResult: Sendable, Equatable {
    /// What the walk found.
    public var report: WalkReport
    /// How many sources were removed.
    public var removed: Int
    /// Keys that were kept, with their reasons.
    public var held: HeldKeys

    /// A result of its parts.
    public init(report: WalkReport, removed: Int, held: HeldKeys) {
        self.report = report
        self.removed = removed
        self.held = held
    }

    /// What the history keeps of it: how much, and some of the keys that were kept.
    var summary: String {
        let keys = removed == 1 ? "1 old key" : "\(removed) old keys"
        return "\(keys) removed" + (held.total > 0 ? ", \(held.total) kept: \(held.sampleText)" : "")
    }
}
