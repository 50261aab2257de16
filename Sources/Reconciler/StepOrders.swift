import MigrationKit
import RedisClient
import Synchronization

/// Learns, while a step runs, of orders that stop it: a pause, a gate that was closed again, a pin below it.
///
/// The step asks between two batches. A message on the wake channel makes this look at once; since messages can be lost,
/// it also looks every two seconds.
public final class StepOrders: Sendable {
    /// What the step depends on.
    public struct Concern: Sendable {
        /// The migration.
        public var migration: String
        /// The version that the step leads to; nil where a pin does not bear on it.
        public var raisesTo: Int?
        /// The gate that an approval holds open; nil where none is needed.
        public var gate: GatedPhase?
        /// The state when the step began.
        public var state: MigrationState?

        /// A concern of its parts.
        public init(migration: String, raisesTo: Int? = nil, gate: GatedPhase? = nil, state: MigrationState? = nil) {
            self.migration = migration
            self.raisesTo = raisesTo
            self.gate = gate
            self.state = state
        }

        /// Why the step is to stop, by the orders that stand; nil while it may go on.
        func objection(_ orders: StandingOrders) -> String? {
            if let pause = orders.pause { return "Paused by \(pause.text)." }
            if let raisesTo, let refusal = orders.pin?.refusal(of: migration, to: raisesTo, at: raisesTo - 1) {
                return "\(refusal)."
            }
            if let gate, let state, orders.approval?.covers(gate, of: state) != true {
                return "The approval of \(gate.rawValue) of \(migration) was revoked, or has ended."
            }
            return nil
        }
    }

    /// What the step depends on.
    public let concern: Concern
    private let store: SchemaStore
    private let found = Mutex<String?>(nil)
    private let heard = Atomic(false)

    /// The time between two looks where no message comes.
    private static let interval = Duration.seconds(2)
    /// How soon a message is noticed; costs nothing but a wake-up of this process.
    private static let pace = Duration.milliseconds(50)

    /// Orders on a step.
    public init(_ concern: Concern, store: SchemaStore) {
        self.concern = concern
        self.store = store
    }

    /// Why the step is to stop, once it is.
    public var objection: String? { found.withLock { $0 } }

    /// A message came: look at once, or stop if it says so itself.
    public func hear(_ message: WakeMessage) {
        if case .pause(let order, _) = message {
            let objection = concern.objection(StandingOrders(pause: order))
            found.withLock { $0 = $0 ?? objection }
        }
        heard.store(true, ordering: .relaxed)
    }

    /// Looks until the task is cancelled or has found something; what it cannot reach, the step cannot either.
    public func watch(on keyspace: any Keyspace) -> Task<Void, Never> {
        Task { await self.look(on: keyspace) }
    }

    private func look(on keyspace: any Keyspace) async {
        var last = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.pace)
            let isAsked = heard.exchange(false, ordering: .relaxed)
            guard isAsked || last.duration(to: .now) >= Self.interval, !Task.isCancelled else { continue }
            last = .now
            guard let orders = try? await store.orders(on: concern.migration, on: keyspace),
                let objection = concern.objection(orders)
            else { continue }
            found.withLock { $0 = objection }
            return
        }
    }
}

extension StepOrders.Concern {
    /// What a step depends on that was decided on an observation.
    init(_ step: Step, _ observation: Observation, _ desired: Desired) {
        let standing = observation.migrations.first { $0.name == step.migration }
        let version = (try? observation.version.get()) ?? 0
        let state = standing.flatMap { (try? $0.state.get()) ?? nil }
        self.init(migration: step.migration, state: state)
        let isRaised = version >= (standing?.version ?? 0)
        if !isRaised { raisesTo = standing?.version }
        guard let state else { return }
        switch step.kind {
        case .apply where !isRaised:
            if Gate.apply(state, approval: nil, policy: desired.gates) == .needsApproval { gate = .apply }
        case .cleanup:
            let closed = Gate.cleanup(
                state,
                approval: nil,
                policy: desired.gates,
                now: observation.now,
                save: observation.save
            )
            if closed == .needsApproval { gate = .cleanup }
        case .plan, .apply, .verify, .catchUp, .skip, .record, .adopt:
            break
        }
    }
}
