import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Opens a gate.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve one run of a phase, as planned."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var orders: OrderOptions

    @Argument(help: ArgumentHelp("The migration, such as 001_hash_tags or 001.", valueName: "name"))
    var name: String?

    @OptionGroup var option: MigrationOption

    @Argument(help: "apply, verify or cleanup; without it, the gate that waits.")
    var phase: String?

    func validate() throws { _ = try orders.duration() }

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            let (name, phase) = try arguments()
            let migration = try session.migration(named: name)
            let snapshot = try await session.snapshotForOrder()
            guard let state = try snapshot.state(of: migration.name), let scope = state.scope else {
                throw ValidationError("\(migration.name) is not planned yet: there is nothing to approve.")
            }
            let gate = try phase ?? waitingGate(of: state, snapshot, session)
            guard gate != .verify || state.inUse != nil else {
                throw ValidationError(
                    "Verify of \(migration.name) lists no pairs that are inUse: there is nothing to accept."
                )
            }
            guard state.trustedPhase != .cleaned else {
                throw ValidationError("\(migration.name) is cleaned: there is nothing left to approve.")
            }
            if gate == .apply, ![.planned, .failed].contains(state.trustedPhase) {
                throw ValidationError(
                    "\(migration.name) is \(state.trustedPhase.rawValue): apply needs no approval any more."
                )
            }
            let order = try orders.order(at: snapshot.time)
            let approval = Approval(
                migration: migration.name,
                phase: gate,
                scope: scope,
                count: gate == .verify ? state.inUse : nil,
                by: order.by,
                at: order.at,
                reason: order.reason
            )
            try await session.store.approve(approval, for: orders.duration(), on: session.keyspace)
            let what =
                gate == .verify
                ? "at most \(Wording.number(state.inUse ?? 0)) pairs that are inUse"
                : "for \(Wording.keys(scope.total)) as planned"
            let end = order.until.map { ", until \($0)" } ?? ""
            session.terminal.report("Approved: \(gate.rawValue) of \(migration.name), \(what)\(end).")
            if let pause = snapshot.pause {
                session.terminal.say("All work is paused by \(pause.text); nothing begins before that ends.")
            }
        }
    }

    /// With -migration the only argument is the phase.
    private func arguments() throws -> (String?, GatedPhase?) {
        let isPhase = option.migration != nil && phase == nil
        let named = try option.one(or: isPhase ? nil : name)
        guard let word = isPhase ? name : phase else { return (named, nil) }
        guard let gate = GatedPhase(rawValue: word) else {
            throw ValidationError("There is no gate “\(word)”; there are apply, verify and cleanup.")
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
        case .applying, .applied, .failed:
            if let found = state.inUse,
                (approval?.covers(.verify, of: state) == true ? approval?.count ?? 0 : 0) < found
            {
                return .verify
            }
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
