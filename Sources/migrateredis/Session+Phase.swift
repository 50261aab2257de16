import MigrationKit
import Programs
import Reconciler
import RedisClient
import Synchronization

/// A phase by hand: what it needs, and its run under the lock.
extension Session {
    /// Why nothing may be touched, if that is so.
    func refusal(_ snapshot: SchemaSnapshot) -> Refusal? {
        do {
            _ = try Bookkeeping(snapshot, registry: registry, names: names).read()
            return nil
        } catch {
            return error
        }
    }

    /// Throws where a phase could not begin: before a person is asked for a yes, and before lock and epoch are touched.
    ///
    /// Waits for a lock that may be abandoned. Under the lock the phase asks again what it alone depends on.
    /// Errors: whatever refuses the phase; exit status 75 while all work is paused.
    func admit(_ phase: PhaseRequest, of migration: any Migration) async throws {
        let snapshot = try await snapshot()
        if let refusal = refusal(snapshot), phase != .verify || !refusal.isSettled(byVerifying: migration.name) {
            throw refusal.failure
        }
        // What a person settles leads nowhere by itself.
        if phase != .resolve, let pause = snapshot.pause {
            terminal.say("Paused by \(pause.text). Resume with `migrateredis resume`.")
            throw ExitStatus.temporary.code
        }
        let locks = try await freeLocks(beside: snapshot)
        let now = locks == snapshot.locks ? snapshot : try await self.snapshot()
        if let refusal = phase.refusal(of: migration, try standing(of: migration, in: now)) { throw refusal }
        if snapshot.server.mayEvict, !wiring.loaded.settings.redis.allowEviction {
            throw MigrationError(
                .evictionPolicy,
                "The server may evict keys (maxmemory is set and maxmemory-policy is \(snapshot.server.evictionPolicy ?? "not told")). "
                    + "Set maxmemory-policy noeviction, or redis.allow-eviction if that is meant."
            )
        }
        // Before the first write: what cannot be removed later is not begun.
        try await survey(snapshot).require()
        admission.isGiven()
    }

    /// Where a migration stands, as a phase sees it.
    func standing(of migration: any Migration, in snapshot: SchemaSnapshot) throws -> PhaseRequest.Standing {
        let sound = try? Bookkeeping(snapshot, registry: registry, names: names).read()
        let version = try sound?.raisedByOutpost ?? snapshot.version.get()
        return PhaseRequest.Standing(
            version: version,
            state: try snapshot.state(of: migration.name),
            pin: try snapshot.pin.get()
        )
    }

    /// The locks once they can be taken: as they were found, unless one had to be watched.
    private func freeLocks(beside snapshot: SchemaSnapshot) async throws -> Locks {
        guard snapshot.locks.holder != nil else { return snapshot.locks }
        let locksmith = locksmith()
        var watch = admission.takeWatch()
        defer { admission.keep(watch) }
        try await locksmith.watchAbandoned(&watch, on: keyspace) { holder, patience in
            terminal.say(LockWait.text(holder, patience))
        } shouldStop: {
            interruption.isRequested
        }
        let locks = try await self.snapshot().locks
        try locksmith.requireFree(locks, watch: &watch)
        return locks
    }

    /// Runs a phase by hand: under the lock, unless something refuses it; a pause, and a pin below it, stop it.
    func underLock<Result: Sendable>(
        for migration: any Migration,
        _ phase: PhaseRequest,
        _ activity: String,
        _ body: (Lease, PhaseRunner) async throws -> Result
    ) async throws -> Result {
        if !admission.isFresh { try await admit(phase, of: migration) }
        let version = try await snapshot().version.get()
        let raisesTo = version < migration.version ? migration.version : nil
        let orders = StepOrders(.init(migration: migration.name, raisesTo: raisesTo), store: store)
        let announcer = phase.step.map { step in
            let announcer = Announcer(.command, as: locksmith().identity)
            announcer.decided(.run(Step(step, migration.name)))
            return announcer
        }
        let runner = runner(activity, orders: orders, announcer: announcer)
        let news = announcer?.keepAnnouncing(in: store, on: keyspace)
        defer { news?.cancel() }
        let watching = phase == .resolve ? [] : self.watch(orders)
        defer { watching.forEach { $0.cancel() } }
        do {
            var watch = admission.takeWatch()
            let result = try await locksmith().withLease(on: keyspace, for: migration.name, watch: &watch) { lease in
                try await body(lease, runner)
            }
            await announcer?.withdraw(in: store, on: keyspace)
            return result
        } catch let error as MigrationError {
            await announcer?.withdraw(in: store, on: keyspace)
            guard error.code == .interrupted, let objection = orders.objection else { throw error }
            throw MigrationError(.interrupted, "\(objection) \(error.message)")
        }
    }

    /// Follows orders while a phase runs by hand: at once by their messages, or else within two seconds.
    private func watch(_ orders: StepOrders) -> [Task<Void, Never>] {
        let keyspace = keyspace
        let channel = names.wake
        return [
            orders.watch(on: keyspace),
            Task { await WakeListener.listen(to: channel, on: keyspace) { orders.hear($0) } },
        ]
    }
}

extension PhaseRequest {
    /// The step of a daemon that does the same.
    fileprivate var step: Step.Kind? {
        switch self {
        case .apply: .apply
        case .verify: .verify
        case .cleanup: .cleanup
        case .skip: .skip
        case .rollback, .resolve: nil
        }
    }
}

/// What is remembered from a phase's admission to its run.
final class Admission: Sendable {
    private struct State {
        var isFresh = false
        var watch = LockWatch()
    }

    private let state = Mutex(State())

    /// Whether nobody was asked since; an answer takes as long as a person likes.
    var isFresh: Bool { state.withLock { $0.isFresh } }

    func isGiven() { state.withLock { $0.isFresh = true } }
    func growsStale() { state.withLock { $0.isFresh = false } }

    /// What was seen of the lock, so that one that is abandoned is not watched twice.
    func takeWatch() -> LockWatch { state.withLock { $0.watch } }
    func keep(_ watch: LockWatch) { state.withLock { $0.watch = watch } }
}
