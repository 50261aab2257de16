import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Opens a gate.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Open the gate before a phase: of the plan that is recorded, and once."
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp("The migration; or name it with -migration.", valueName: "name"))
    var name: String?

    @Argument(help: "apply or cleanup; without it, the gate that waits.")
    var phase: String?

    @Option(
        name: [.customLong("reason"), .customLong("reason", withSingleDash: true)],
        help: ArgumentHelp("Why; kept in the history.", valueName: "text")
    )
    var reason = ""

    func run() async throws {
        try await options.withSession { session in
            let (named, phase) = try arguments()
            let migration = try session.migration(named)
            let snapshot = try await session.snapshot()
            guard let state = try snapshot.state(of: migration.name), let scope = state.scope else {
                throw ValidationError("\(migration.name) is not planned yet: there is nothing to approve.")
            }
            let gate = try phase ?? waitingGate(of: state, snapshot, session)
            guard gate != .verify else {
                throw ValidationError("Approving what verify lists is not supported by this version.")
            }
            guard state.trustedPhase != .cleaned else {
                throw ValidationError("\(migration.name) is cleaned: there is nothing left to approve.")
            }
            if gate == .apply, ![.planned, .failed].contains(state.trustedPhase) {
                throw ValidationError(
                    "\(migration.name) is \(state.trustedPhase.rawValue): apply needs no approval any more."
                )
            }
            let approval = Approval(
                migration: migration.name,
                phase: gate,
                scope: scope,
                by: Person.current,
                at: Timestamp.now.rfc3339,
                reason: reason
            )
            try await session.store.approve(approval, on: session.keyspace)
            session.terminal.print(
                "Approved: \(gate.rawValue) of \(migration.name), for \(Wording.number(scope.total)) keys as planned."
            )
        }
    }

    /// With -migration the only argument is the phase.
    private func arguments() throws -> (CommonOptions, GatedPhase?) {
        var named = options
        var word = phase
        if let name, options.migration != nil, phase == nil {
            word = name
        } else if let name {
            named.migration = name
        }
        guard let word else { return (named, nil) }
        guard let gate = GatedPhase(rawValue: word) else {
            throw ValidationError("There is no gate “\(word)”; there are apply and cleanup.")
        }
        return (named, gate)
    }

    private func waitingGate(of state: MigrationState, _ snapshot: SchemaSnapshot, _ session: Session) throws
        -> GatedPhase
    {
        let policy = session.wiring.desired(target: session.target).gates
        let approval = snapshot.approvals[state.migrationName]
        switch state.trustedPhase {
        case .planned where Gate.apply(state, approval: approval, policy: policy) == .needsApproval:
            return .apply
        case .verified, .cleaning:
            var withoutSoak = policy
            withoutSoak.soak = .zero
            if Gate.cleanup(state, approval: approval, policy: withoutSoak, now: snapshot.time) == .needsApproval {
                return .cleanup
            }
        default:
            break
        }
        throw ValidationError(
            "No gate of \(state.migrationName) waits for approval; it is \(state.trustedPhase.rawValue)."
        )
    }
}
