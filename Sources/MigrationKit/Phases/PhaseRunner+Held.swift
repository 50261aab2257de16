import RedisClient
import Synchronization

/// Looking at what is held, and settling it.
extension PhaseRunner {
    /// Tells `receive` of every key that a migration holds back now, as it is found; writes nothing and needs no lease.
    @discardableResult
    public func listHeld(
        of migration: any Migration,
        receive: @escaping @Sendable ([HeldKey]) async throws -> Void
    ) async throws -> WalkReport {
        let position = try await position(of: migration)
        var context = context(for: migration, at: position, lease: nil)
        let told = Mutex<Set<KeyName>>([])
        context.held = { keys in
            told.withLock { $0.formUnion(keys.map { KeyName($0.key) }) }
            try await receive(keys)
        }
        var report: WalkReport
        if let moving = migration as? any KeyMoveMigration {
            report = try await moving.listHeld(position.state, in: context)
        } else {
            report = try await migration.plan(in: context).report
        }
        // What a server refuses to be sent is found by whoever sends it, and this look sends nothing.
        let refused = Self.refused(in: position.state)
            .filter { key in told.withLock { !$0.contains(KeyName(key.key)) } }
        guard !refused.isEmpty else { return report }
        for key in refused { report.held.add(key.key, reason: key.reason) }
        try await receive(refused)
        return report
    }

    /// The keys of a state's samples that a server has refused; names that were cut are left out.
    private static func refused(in state: MigrationState?) -> [HeldKey] {
        let samples = state?.held?.samples.filter { $0.reason == "refused" && !$0.key.hasSuffix("…") } ?? []
        return samples.compactMap { sample in
            KeyText.bytes(of: sample.key).map { HeldKey($0, reason: sample.reason) }
        }
    }

    /// Settles what a migration holds back, as a person says, and notes that in the history.
    ///
    /// Without keys it settles everything that is held. The report counts what was settled as written, and holds what a
    /// choice of sides does not settle. The migration's phase stays: it is for apply and verify to see that all is well.
    /// Errors: `wrongPhase` where there is nothing to choose; all of the fence's.
    public func resolve(
        _ keys: [Bytes]?,
        of migration: any Migration,
        by resolution: Resolution,
        order: Override,
        under lease: Lease
    ) async throws -> WalkReport {
        let position = try await position(toChange: migration)
        try require(.resolve, of: migration, at: position)
        guard let moving = migration as? any KeyMoveMigration, let state = position.state else {
            throw MigrationError(.wrongPhase, "There is nothing to settle.")
        }
        var context = context(for: migration, at: position, lease: lease)
        context.resolution = resolution
        let report = try await moving.resolve(keys, state, in: context)
        guard report.written > 0 else { return report }
        try await note(report.settled, in: state, under: lease)
        var detail = "\(report.written) settled, the \(resolution.kept.rawValue) kept"
        if let reason = resolution.reason { detail += ", held as \(reason)" }
        if report.settled.total > 0 { detail += ": \(report.settled.sampleText)" }
        if !order.reason.isEmpty { detail += "; \(order.reason)" }
        let event = Event(.resolved, [.migration: migration.name, .by: order.by, .detail: detail])
        try await store.tell(event, under: lease, on: keyspace)
        return report
    }

    /// What is settled is held no more, and what is left is looked at again without a wait.
    private func note(_ settled: HeldKeys, in state: MigrationState, under lease: Lease) async throws {
        guard let held = state.held else { return }
        var state = state
        let rest = held.without(settled)
        state.held = rest.total > 0 ? rest : nil
        state.keptAt = nil
        try await save(state, previous: state.phase, under: lease)
    }
}
