import MigrationKit
import RedisClient

/// Looks once more under the lock: what was observed before it was taken may have been another holder's work.
struct ObservationAgain: Sendable {
    var registry: MigrationRegistry
    var names: KeyNames
    var desired: Desired
    var retried: Set<String>
    var followsCatchUp: Bool
    var followed: Set<String>

    /// The approval that holds for the step, if the step is still the one that is due; nil if it is not.
    func due(_ step: Step, on keyspace: any Keyspace) async throws -> Approved? {
        let snapshot = try await SchemaStore(names: names).snapshot(of: registry.migrations.map(\.name), on: keyspace)
        var observation = Observation(snapshot, registry: registry, names: names)
        observation.retried = retried
        observation.followsCatchUp = followsCatchUp
        observation.followed = followed
        guard decide(observation, desired) == .run(step) else { return nil }
        return Approved(
            state: (try? snapshot.state(of: step.migration)) ?? nil,
            approval: snapshot.approvals[step.migration],
            policy: desired.gates,
            fallback: snapshot.time,
            save: snapshot.server.save
        )
    }
}

/// The gate of a cleanup, asked again after its catch-up.
struct Approved: Sendable {
    var state: MigrationState?
    var approval: Approval?
    var policy: GatePolicy
    var fallback: Timestamp
    var save: ServerInfo.Save

    /// The approval that opens a step; nil where it is about something else, or the step needs none.
    func opening(_ step: Step) -> Approval? {
        let gated: GatedPhase
        switch step.kind {
        case .apply: gated = .apply
        case .verify: gated = .verify
        case .cleanup: gated = .cleanup
        case .plan, .catchUp, .skip, .record, .adopt: return nil
        }
        guard let state, let approval, approval.covers(gated, of: state) else { return nil }
        return approval
    }

    func cleanupGate(of state: MigrationState) -> Gate {
        // Catch-up has just written the server's time into the state.
        Gate.cleanup(state, approval: approval, policy: policy, now: state.followedAt ?? fallback, save: save)
    }
}
