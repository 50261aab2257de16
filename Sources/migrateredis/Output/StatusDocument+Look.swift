import MigrationKit
import Reconciler

extension StatusDocument {
    /// What one look found, and what a daemon that wants this would do about it.
    init(
        _ snapshot: SchemaSnapshot,
        desired: Desired,
        targetFrom: TargetOrigin,
        registry: MigrationRegistry,
        names: KeyNames,
        address: String
    ) {
        var observation = Observation(snapshot, registry: registry, names: names)
        observation.lockedBy = snapshot.locks.holder
        let action = decide(observation, desired)
        let pin = (try? snapshot.pin.get()) ?? nil
        self.init(
            time: snapshot.time.rfc3339,
            version: try? snapshot.version.get(),
            target: desired.target(in: observation),
            targetFrom: pin == nil ? targetFrom : .pin,
            conditions: Condition.all(of: action, held: HeldBack(observation)),
            migrations: registry.migrations.map { MigrationStatus($0, in: snapshot, names: names) },
            lock: snapshot.locks.holder.map(LockStatus.init),
            pause: snapshot.pause,
            pin: pin,
            server: ServerStatus(
                address: address,
                version: snapshot.server.version,
                runID: snapshot.server.identity.runID
            ),
            next: Next(action)
        )
    }

    /// What is known where Redis could not be looked at: what is wanted, and why nothing else is known.
    init(
        failedLook error: any Error,
        desired: Desired,
        targetFrom: TargetOrigin,
        registry: MigrationRegistry,
        address: String
    ) {
        let action = Action.after(failedLook: error)
        self.init(
            target: desired.target.resolved(latest: registry.latest),
            targetFrom: targetFrom,
            conditions: Condition.all(of: action),
            migrations: [],
            server: ServerStatus(address: address),
            next: Next(action)
        )
    }
}

extension StatusDocument.MigrationStatus {
    init(_ migration: any Migration, in snapshot: SchemaSnapshot, names: KeyNames) {
        self.init(
            name: migration.name,
            version: migration.version,
            description: migration.description,
            errors: [],
            approval: snapshot.approvals[migration.name]
        )
        if case .notApplicable(let reason) = migration.applicability(in: names) { notApplicable = reason }
        switch snapshot.states[migration.name] {
        case .success(let state)?:
            phase = state.trustedPhase
            failedPhase = state.failedPhase
            startedAt = state.startedAt.isEmpty ? nil : state.startedAt
            completedAt = state.completedAt
            progress = state.progress
            // What holds a walk back is so only while somebody walks.
            if snapshot.lock.holder?.migration != migration.name { progress?.strain = nil }
            held = state.held
            errors = state.errors
            verification = state.verification
        case .failure(let error)?:
            unreadable = error.message
        case nil:
            break
        }
    }
}

extension StatusDocument.LockStatus {
    init(_ holder: LockHolder) {
        self.init(
            holder: holder.text,
            migration: holder.migration,
            since: holder.startedAt,
            expiresInSeconds: holder.timeToLive.map { $0.milliseconds / 1000 },
            foreign: holder.isForeign
        )
    }
}

extension StatusDocument.Next {
    init(_ action: Action) {
        let (reason, message) = action.explanation
        switch action {
        case .run(let step):
            self.init(action: step.kind.rawValue, migration: step.migration, reason: reason, message: message)
        case .wait: self.init(action: "wait", reason: reason, message: message)
        case .stall: self.init(action: "stall", reason: reason, message: message)
        case .converged(let pending?):
            self.init(action: "none", migration: pending.migration, reason: pending.reason, message: message)
        case .converged(nil): self.init(action: "none", reason: reason, message: message)
        }
    }
}
