import MigrationKit
import RedisClient

/// What to do about what was seen: pure and total, the first row that fits decides.
///
/// The rows stand in the documentation's "Reconciler", in this order.
public func decide(_ observation: Observation, _ desired: Desired) -> Action {
    if let replicaRefusal = observation.replicaRefusal { return .wait(.notMaster, replicaRefusal) }
    if let pause = observation.pause { return .wait(.paused, message(of: pause)) }
    let sound: Bookkeeping.Sound
    do {
        sound = try observation.bookkeeping.read()
    } catch {
        return error.action
    }
    let version = sound.version
    let migrations = zip(observation.migrations, sound.states).map(Candidate.init)
    let wanted = Wanted(version: desired.target(in: observation), pin: sound.pin)
    if let action = refusal(observation, migrations, version: version, wanted) { return action }
    let work =
        sound.raisedByOutpost > version
        ? .run(Step(.adopt, migrations[sound.raisedByOutpost - 1].name))
        : nextStep(observation, migrations, version: version, target: wanted.version, desired)
    guard case .run(let step) = work else { return work }
    if observation.mayEvict, !desired.allowsEviction {
        return .stall(
            .evictionPolicy,
            "The server may evict keys (maxmemory is set and maxmemory-policy is not noeviction), the lock and live data "
                + "among them. Set maxmemory-policy noeviction, or redis.allow-eviction if that is meant."
        )
    }
    if let holder = observation.lockedBy {
        return .wait(.lockHeld, message(of: holder, before: step, observation), migration: step.migration)
    }
    return work
}

extension Desired {
    /// The version wanted: that of the configuration, unless a person has pinned another one.
    public func target(in observation: Observation) -> Int {
        if case .success(let pin?) = observation.pin { return pin.version }
        return target.resolved(latest: observation.latest)
    }
}

/// The version wanted, and who wants it.
private struct Wanted {
    var version: Int
    var pin: Pin?

    var text: String {
        pin.map { "Version \(version) is wanted (pinned by \($0.order.text))" } ?? "Version \(version) is wanted"
    }

    /// How another version comes to be wanted: `to` says which.
    func remedy(_ change: String, to what: String = "") -> String {
        pin == nil ? "\(change) schema.target\(what)" : "`migrateredis unpin`, or pin another version"
    }
}

/// A migration whose state could be read.
private struct Candidate {
    var standing: Observation.Standing
    var state: MigrationState?
    var phase: Phase?

    init(_ standing: Observation.Standing, _ state: MigrationState?) {
        self.standing = standing
        self.state = state
        phase = state?.trustedPhase
    }

    var name: String { standing.name }
    var version: Int { standing.version }
    var isApplicable: Bool { standing.applicability == .applicable }

    /// Whether a person has accepted as many pairs that are `inUse` as made the last verify fail.
    var hasAcceptance: Bool {
        guard let state, let found = state.inUse, let approval = standing.approval else { return false }
        return state.failedPhase == "verify" && approval.phase == .verify && approval.covers(.verify, of: state)
            && (approval.count ?? 0) >= found
    }
}

extension Refusal {
    /// What a pass makes of it: a newer host is waited for, everything else is for a person.
    fileprivate var action: Action {
        switch cause {
        case .notMaster: return .wait(.notMaster, message)
        case .unreadable: return .stall(.unreadable, message, migration: migration)
        case .newerSchema: return .wait(.newerSchema, message)
        case .dataLost: return .stall(.dataLost, message, migration: migration)
        case .versionRegressed: return .stall(.versionRegressed, message, migration: migration)
        case .foreignRecord: return .stall(.foreignRecord, message, migration: migration)
        }
    }
}

/// Rows in which the target is not one that can be gone to.
private func refusal(
    _ observation: Observation,
    _ migrations: [Candidate],
    version: Int,
    _ wanted: Wanted
) -> Action? {
    let target = wanted.version
    if target > observation.latest {
        return .stall(
            .targetUnknown,
            "\(wanted.text) and this program knows only \(observation.latest). Upgrade it, or "
                + "\(wanted.remedy("lower"))."
        )
    }
    if target < version {
        return .stall(
            .targetBelowCurrent,
            "\(wanted.text) and the keyspace is at \(version): there is no way back. "
                + "\(wanted.remedy("Set", to: " to \(version) or above"))."
        )
    }
    for migration in migrations where migration.version > target && migration.version > version {
        if let phase = migration.phase, phase != .planned {
            return .stall(
                .targetBelowStarted,
                "\(wanted.text), and \(migration.name) was begun (\(phase.rawValue)). "
                    + "\(wanted.remedy("Raise", to: " to \(migration.version)")), or roll it back by hand.",
                migration: migration.name
            )
        }
    }
    return nil
}

/// The step that is due, or why none is.
private func nextStep(
    _ observation: Observation,
    _ migrations: [Candidate],
    version: Int,
    target: Int,
    _ desired: Desired
) -> Action {
    let raised = migrations.filter { $0.version <= version && $0.isApplicable }
    for migration in raised {
        if let action = settleRaised(migration, observation) { return action }
    }
    // Before anything long: Outpost does not start without it.
    if let unrecorded = migrations.first(where: \.standing.lacksRecord) {
        return .run(Step(.record, unrecorded.name))
    }
    // Each once, and then a rest: walks that take longer than the time between them would never let the server alone.
    let catchUp = raised.first { !observation.followed.contains($0.name) && isCatchUpDue($0, observation, desired) }
    let onward =
        version < target ? raise(migrations[version], observation, desired) : cleanUp(raised, observation, desired)
    guard let catchUp else { return onward }
    // Catch-ups that take longer than the time between them must not keep everything else from being done.
    if observation.followsCatchUp, case .run = onward { return onward }
    return .run(Step(.catchUp, catchUp.name))
}

/// A raised migration that has no state to match.
private func settleRaised(_ migration: Candidate, _ observation: Observation) -> Action? {
    switch migration.phase {
    case nil, .planned, .applying:
        return .run(Step(.apply, migration.name))
    case .applied:
        return .run(Step(.verify, migration.name))
    case .failed:
        return observation.retries(migration.name) ? .run(Step(.apply, migration.name)) : failed(migration)
    case .verified, .cleaning:
        return migration.state?.verification == nil ? .run(Step(.verify, migration.name)) : nil
    case .cleaned:
        return nil
    }
}

private func isCatchUpDue(_ migration: Candidate, _ observation: Observation, _ desired: Desired) -> Bool {
    guard migration.phase == .verified || migration.phase == .cleaning else { return false }
    // The server's clock was set back since: a catch-up dates the soak anew.
    if let soakFrom = migration.state?.verification?.soakFrom, soakFrom > observation.now { return true }
    guard desired.follow > .zero else { return false }
    guard let last = migration.state?.followedAt else { return true }
    let since = last.duration(to: observation.now)
    return since >= desired.follow || since < .zero
}

/// The next phase of the migration that raises the version.
private func raise(_ migration: Candidate, _ observation: Observation, _ desired: Desired) -> Action {
    if case .notApplicable = migration.standing.applicability { return .run(Step(.skip, migration.name)) }
    guard let state = migration.state, let phase = migration.phase else { return .run(Step(.plan, migration.name)) }
    switch phase {
    case .planned where state.format == nil || state.scope == nil:
        return .run(Step(.plan, migration.name))
    case .failed where migration.hasAcceptance:
        return .run(Step(.verify, migration.name))
    case .failed where !observation.retries(migration.name):
        return failed(migration)
    case .planned, .applying, .failed:
        switch Gate.apply(state, approval: migration.standing.approval, policy: desired.gates) {
        case .open, .soaking, .needsSave:
            return .run(Step(.apply, migration.name))
        case .needsApproval:
            return .wait(
                .applyNeedsApproval,
                "\(migration.name) is planned (\(Wording.keys(state.scope?.total ?? 0))) and waits for approval: "
                    + "migrateredis approve \(migration.name) apply",
                migration: migration.name
            )
        }
    case .applied, .verified, .cleaning, .cleaned:
        return .run(Step(.verify, migration.name))
    }
}

private func failed(_ migration: Candidate) -> Action {
    let held = migration.state?.held?.total ?? 0
    let reasons = (migration.state?.held?.counts ?? [:]).keys
    let why = (migration.state?.errors ?? []).map { KeyText.escaped(Bytes($0), limit: 500) }.joined(separator: " ")
    return .stall(
        .conflictsFound,
        "\(migration.name) holds \(Wording.keys(held)) back that a person must settle. \(why) See them with "
            + "`migrateredis status --held \(migration.name)`, \(HeldReason.remedy(for: reasons)), then `migrateredis "
            + "retry \(migration.name)`.",
        migration: migration.name
    )
}

/// Cleanups run in order; one that waits holds up those behind it, one with keys held back does not.
private func cleanUp(_ raised: [Candidate], _ observation: Observation, _ desired: Desired) -> Action {
    var pending: PendingCleanup?
    for migration in raised {
        guard let state = migration.state, migration.phase == .verified || migration.phase == .cleaning else {
            continue
        }
        switch Gate.cleanup(
            state,
            approval: migration.standing.approval,
            policy: desired.gates,
            now: observation.now,
            save: observation.save
        ) {
        case .open:
            if let held = state.held, migration.phase == .cleaning, !isRetryDue(state, observation, desired) {
                pending =
                    pending
                    ?? PendingCleanup(
                        migration: migration.name,
                        reason: .keysHeld,
                        message:
                            "\(migration.name) keeps \(Wording.keys(held.total, "old")) back; they are looked at "
                            + "again in \(Wording.duration(untilRetry(state, observation, desired))), or after "
                            + "`migrateredis retry`."
                    )
                continue
            }
            return .run(Step(.cleanup, migration.name))
        case .soaking(let left):
            return .converged(
                pending: pending
                    ?? PendingCleanup(
                        migration: migration.name,
                        reason: .soaking,
                        message: state.verification?.removable == 0
                            ? "\(migration.name) has no old keys; it is done in another \(Wording.duration(left))."
                            : "The old keys of \(migration.name) stay for another \(Wording.duration(left))."
                                + behindSoak(migration, state, desired)
                    )
            )
        case .needsSave:
            return .converged(
                pending: pending
                    ?? PendingCleanup(
                        migration: migration.name,
                        reason: .needsSave,
                        message:
                            "The old keys of \(migration.name) stay until the server has saved its data: BGSAVE, or "
                            + "cleanup.require-save-within 0."
                    )
            )
        case .needsApproval where migration.phase == .cleaning && state.held != nil:
            pending =
                pending
                ?? PendingCleanup(
                    migration: migration.name,
                    reason: .keysHeld,
                    message:
                        undecided(state.held ?? HeldKeys(), migration.name)
                        + " To look at them again waits for approval: migrateredis approve \(migration.name) cleanup"
                )
        case .needsApproval:
            return .converged(
                pending: pending
                    ?? PendingCleanup(
                        migration: migration.name,
                        reason: .cleanupNeedsApproval,
                        message: "The old keys of \(migration.name) wait for approval: migrateredis approve "
                            + "\(migration.name) cleanup"
                    )
            )
        }
    }
    return .converged(pending: pending)
}

/// What a soak leads to, so that whoever has to approve knows it before it ends.
private func behindSoak(_ migration: Candidate, _ state: MigrationState, _ desired: Desired) -> String {
    guard desired.gates.cleanupNeedsApproval else { return "" }
    if let approval = migration.standing.approval, approval.covers(.cleanup, of: state) {
        return " Their removal is approved by \(KeyText.escaped(Bytes(approval.by)))."
    }
    return " Then they wait for approval: migrateredis approve \(migration.name) cleanup"
}

private func undecided(_ held: HeldKeys, _ name: String) -> String {
    let reasons = held.counts.keys.sorted().map { KeyText.printable($0) }.joined(separator: ", ")
    return "\(Wording.keys(held.total, "old")) of \(name) \(held.total == 1 ? "needs" : "need") a decision"
        + "\(reasons.isEmpty ? "" : " (\(reasons))"). See `migrateredis status --held \(name)`."
}

/// Keys that cleanup kept back are looked at again at the pace of catch-up, but not more than once a minute; and at once
/// where a person asks for it.
private func isRetryDue(_ state: MigrationState, _ observation: Observation, _ desired: Desired) -> Bool {
    observation.retried.contains(state.migrationName) || untilRetry(state, observation, desired) == .zero
}

private func untilRetry(_ state: MigrationState, _ observation: Observation, _ desired: Desired) -> Duration {
    guard let last = state.keptAt else { return .zero }
    let since = last.duration(to: observation.now)
    let pace = max(desired.follow, .seconds(60))
    // The server's clock was set back since.
    return since >= pace || since < .zero ? .zero : pace - since
}

private func message(of pause: Override) -> String {
    "Paused by \(pause.text). Resume with `migrateredis resume`."
}

private func message(of holder: LockHolder, before step: Step, _ observation: Observation) -> String {
    var text = "\(step.migration) is due for \(step.activity), and the lock is held by \(holder.words)"
    if let share = share(appliedBy: holder, observation) { text += ", which has applied about \(share) %" }
    if holder.isForeign {
        text += "; that lock "
        text += holder.timeToLive.map { "expires in \(Wording.duration($0))" } ?? "does not expire"
        text += ": remove it with `migrateredis unlock` if the tool has ended"
    } else if let staleAfter = holder.staleAfter {
        text +=
            "; it is taken over once it was not renewed for \(Wording.duration(staleAfter)), and `migrateredis unlock` "
        text += "removes it if its holder is dead"
    }
    return text + "."
}

/// How far the holder is, as it has stored; in tenths, since whoever waits tells of every change.
private func share(appliedBy holder: LockHolder, _ observation: Observation) -> Int? {
    guard let standing = observation.migrations.first(where: { $0.name == holder.migration }),
        case .success(let state?) = standing.state, state.phase == .applying, state.progress.totalItems > 0
    else { return nil }
    return min(state.progress.processedItems, state.progress.totalItems) * 10 / state.progress.totalItems * 10
}
