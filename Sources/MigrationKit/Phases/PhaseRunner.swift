import RedisClient

/// Runs one phase of one migration under a lease: checks where the migration stands, records where it goes.
///
/// Both programs run phases here and nowhere else. State is written before the version is raised.
public struct PhaseRunner: Sendable {
    /// Reads and writes state and version.
    public var store: SchemaStore
    /// For the phase's reads and writes.
    public var keyspace: any Keyspace
    /// All migrations: what others have begun matters to each.
    public var registry: MigrationRegistry
    /// How gently to treat the server; may change while a phase runs.
    public var limits: LiveLimits
    /// The approval that has opened the phase, for the history; nil where none was needed.
    public var approval: Approval?
    /// How long a walk waits for a strained server before it gives up for now.
    var patience: Duration?
    /// Told now and then how far the phase is.
    public var progress: @Sendable (Progress) -> Void
    /// Whether the phase should stop at the next safe point.
    public var shouldStop: @Sendable () -> Bool

    /// A runner of its parts.
    public init(
        store: SchemaStore,
        keyspace: any Keyspace,
        registry: MigrationRegistry,
        limits: LiveLimits,
        progress: @escaping @Sendable (Progress) -> Void = { _ in },
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) {
        self.store = store
        self.keyspace = keyspace
        self.registry = registry
        self.limits = limits
        self.progress = progress
        self.shouldStop = shouldStop
    }

    /// A runner whose limits stay as they are.
    public init(
        store: SchemaStore,
        keyspace: any Keyspace,
        registry: MigrationRegistry,
        limits: Limits,
        progress: @escaping @Sendable (Progress) -> Void = { _ in },
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) {
        self.init(
            store: store,
            keyspace: keyspace,
            registry: registry,
            limits: LiveLimits(limits),
            progress: progress,
            shouldStop: shouldStop
        )
    }

    /// Looks at every key and says what would be done; writes nothing and needs no lease.
    public func plan(_ migration: any Migration) async throws -> Plan {
        let position = try await position(of: migration)
        return try await migration.plan(in: context(for: migration, at: position, lease: nil))
    }

    /// Looks at some names and says about how much there is to do: for an apply on whose plan nobody decides.
    public func estimate(_ migration: any Migration) async throws -> Plan {
        let position = try await position(of: migration)
        return try await migration.estimate(in: context(for: migration, at: position, lease: nil))
    }

    /// Records what a plan found, unless the migration has come further already.
    public func record(_ plan: Plan, of migration: any Migration, under lease: Lease) async throws -> MigrationState {
        let position = try await position(toChange: migration)
        if let state = position.state, state.trustedPhase != .planned { return state }
        var state = MigrationState(migrationName: migration.name, phase: .planned, startedAt: .now)
        state.scope = plan.scope
        state.ledger = position.state?.ledger
        if position.state?.hasForeignCopies == true { state.deletesAreUnseen = true }
        state.progress.totalItems = plan.scope.total
        state.metadata = position.state?.metadata ?? [:]
        try await save(state, previous: position.state?.phase, under: lease)
        return state
    }

    /// Applies a migration, from its checkpoint where there is one; at a raised version this is catch-up.
    ///
    /// With `acceptsServer` a person has looked: the server as it is now takes the place of the one on which copying
    /// began, so that old keys that are gone count as deleted.
    @discardableResult
    public func apply(
        _ migration: any Migration,
        plan given: Plan? = nil,
        acceptsServer: Bool = false,
        under lease: Lease
    ) async throws -> MigrationState {
        var position = try await position(toChange: migration)
        try require(.apply, of: migration, at: position)
        position = try await adopting(position, of: migration, under: lease)
        try await keepRecords(at: &position, under: lease)
        let plan = try await plan(for: migration, given: given, at: position)
        let previous = position.state?.phase
        var state =
            position.state ?? MigrationState(migrationName: migration.name, phase: .planned, startedAt: .now)
        if !position.isRaised {
            state.phase = .applying
            state.completedAt = nil
        }
        // The original tool may have left it out, and its decoder takes no empty time.
        if state.startedAt.isEmpty { state.startedAt = Timestamp.now.rfc3339 }
        state.failedPhase = nil
        state.errors = []
        state.scope = plan.scope
        if acceptsServer { state.server = try await ServerInfo.read(from: keyspace).identity }
        position.noteRaise(in: &state)
        try await save(state, previous: previous, under: lease)
        position.state = state
        var context = context(for: migration, at: position, lease: lease)
        if position.isRaised { context.carriesDeletes = carriesDeletes(state, at: try await serverTime()) }
        var result = try await migration.apply(plan, in: context)
        if plan.isEstimate, let report = result.report {
            // Of what a run before had done only the number is known, and not the kinds.
            if report.earlier == 0 { result.scope = report.scope }
            result.progress.totalItems = report.earlier + report.scope.total
        }
        try await finishApply(&result, isRaised: position.isRaised, previous: state.phase, under: lease)
        return result
    }

    /// Compares everything; raises the version when all is right and it is next in line.
    public func verify(_ migration: any Migration, under lease: Lease) async throws -> VerificationResult {
        var position = try await position(toChange: migration, byVerifying: true)
        try require(.verify, of: migration, at: position)
        position = try await adopting(position, of: migration, under: lease)
        guard var state = position.state else { throw MigrationError(.wrongPhase, "The migration's state vanished.") }
        try await keepRecords(at: &position, under: lease)
        position.noteRaise(in: &state)
        position.state = state
        let previous = state.phase
        let before = try await ServerInfo.read(from: keyspace).identity
        let result = try await migration.verify(state, in: context(for: migration, at: position, lease: lease))
        let time = try await serverTime()
        let held = result.report.held(acceptingInUse: position.acceptedInUse)
        state.held = held.total > 0 ? held : nil
        state.errors = Array(result.problems.prefix(20))
        state.inUse = result.report.unacceptedInUse(position.acceptedInUse)
        state.completedAt = Timestamp.now.rfc3339
        if result.isValid {
            state.phase = previous == .cleaning ? .cleaning : .verified
            state.failedPhase = nil
            state.verification = Verification(
                verifiedAt: time,
                comparedPairs: result.report.compared,
                removable: result.removable,
                server: before
            )
        } else if previous != .cleaning {
            state.phase = result.hasConflicts ? .failed : .applying
            state.failedPhase = result.hasConflicts ? "verify" : nil
        }
        try await save(state, previous: previous, under: lease)
        // There is no way back from the raise: a pause or a pin that came behind the last batch counts.
        if result.isValid, !position.isRaised, shouldStop() {
            throw MigrationError(.interrupted, "Stopped before the schema version was raised; verify again to go on.")
        }
        // An invalid verify leads back to apply, under the same approval.
        if result.isValid, !position.isRaised {
            try await store.useUpApplyApproval(of: migration.name, under: lease, on: keyspace)
        }
        if result.isValid, position.version == migration.version - 1 {
            guard try await raise(past: migration, under: lease) else {
                throw MigrationError(.wrongPhase, "The schema version changed during the verify; it was not raised.")
            }
        }
        return result
    }

    /// Whether a catch-up is the one right after the raise: what is gone under its old name then was most likely deleted
    /// while that was the truth. Later it may as well have been removed as a leftover.
    private func carriesDeletes(_ state: MigrationState, at time: Timestamp) -> Bool {
        guard let verification = state.verification, state.phase == .verified, state.followedAt == nil,
            state.deletesAreUnseen != true
        else { return false }
        let since = verification.verifiedAt.duration(to: time)
        return since >= .zero && since <= Self.firstCatchUpWithin
    }

    private static let firstCatchUpWithin = Duration.seconds(600)

    /// Catches up, then removes the old keys that are proven safe to remove.
    ///
    /// `gate` is asked after the catch-up, which may have found work: `gateClosed` if it is not open any more.
    ///
    /// `passedGate` says for the history how a gate was passed that a person did not wait for.
    public func cleanup(
        _ migration: any Migration,
        passedGate: String? = nil,
        under lease: Lease,
        gate: (MigrationState) -> Gate = { _ in .open }
    ) async throws -> CleanupResult {
        var position = try await position(toChange: migration)
        try require(.cleanup, of: migration, at: position)
        let caughtUp = try await apply(migration, under: lease)
        guard gate(caughtUp) == .open else {
            throw MigrationError(
                .gateClosed,
                "Old instances of the application still write the old names of \(migration.name): catch-up found work, and "
                    + "the soak begins anew."
            )
        }
        if try await ServerInfo.read(from: keyspace).identity != caughtUp.verification?.server {
            let again = try await verify(migration, under: lease)
            guard again.isValid else {
                throw MigrationError(
                    .serverChanged,
                    "The server restarted or failed over since \(migration.name) was verified, and verifying it again "
                        + "failed: \(again.problems.joined(separator: " ")) No old key was removed."
                )
            }
        }
        position = try await self.position(toChange: migration)
        guard var state = position.state else { throw MigrationError(.wrongPhase, "The migration's state vanished.") }
        let previous = state.phase
        state.phase = .cleaning
        try await save(state, previous: previous, detail: passedGate, under: lease)
        position.state = state
        var context = context(for: migration, at: position, lease: lease)
        context.missingBeforeCleanup = caughtUp.report?.listed[.destinationMissing] ?? 0
        let result = try await migration.cleanup(state, in: context)
        state.held = result.held.total > 0 ? result.held : nil
        state.completedAt = Timestamp.now.rfc3339
        let isDone = result.held.total == 0
        state.keptAt = isDone ? nil : try await serverTime()
        if isDone {
            state.phase = .cleaned
            state.ledger = nil
        }
        try await save(state, previous: .cleaning, detail: result.summary, under: lease)
        // Keys that were kept are looked at again under the same approval.
        if isDone { try await store.useUpApproval(of: migration.name, under: lease, on: keyspace) }
        return result
    }

    /// Undoes an apply while the old names are still the truth: removes the copies that are as they were made, forgets the
    /// ledger, and leaves the migration planned.
    public func rollback(_ migration: any Migration, under lease: Lease) async throws -> WalkReport {
        let position = try await position(toChange: migration)
        try require(.rollback, of: migration, at: position)
        guard let moving = migration as? any KeyMoveMigration, var state = position.state else {
            throw MigrationError(.wrongPhase, "There is nothing to roll back.")
        }
        let report = try await moving.rollback(state, in: context(for: migration, at: position, lease: lease))
        let previous = state.phase
        state = MigrationState(migrationName: migration.name, phase: .planned, startedAt: .now)
        state.scope = position.state?.scope
        try await save(state, previous: previous, under: lease)
        return report
    }

    /// Compares some pairs, chosen by chance; needs no lease, writes nothing and never raises the version.
    public func sample(_ count: Int, of migration: any Migration) async throws -> WalkReport {
        let position = try await position(of: migration)
        guard let moving = migration as? any KeyMoveMigration else {
            return try await migration.plan(in: context(for: migration, at: position, lease: nil)).report
        }
        guard let state = position.state else {
            throw MigrationError(.wrongPhase, "\(migration.name) was not applied yet: run apply first.")
        }
        return try await moving.sample(count, state, in: context(for: migration, at: position, lease: nil))
    }

    /// Records a migration that does not concern this deployment, and raises the version past it.
    public func skip(_ migration: any Migration, reason: String, under lease: Lease) async throws {
        let position = try await position(toChange: migration)
        try require(.skip, of: migration, at: position)
        var state = MigrationState(migrationName: migration.name, phase: .cleaned, startedAt: .now)
        state.completedAt = state.startedAt
        state.metadata["not_applicable"] = .string(reason)
        try await save(state, previous: position.state?.phase, under: lease)
        if position.version == migration.version - 1 {
            _ = try await raise(past: migration, under: lease)
        }
    }
}
