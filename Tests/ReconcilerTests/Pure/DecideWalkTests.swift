import MigrationKit
import TestSupport
import Testing

@testable import Reconciler

/// A keyspace as far as phases change it: what the phases' runner would do to version and states.
private struct Model {
    var world: World
    var generator: SplitMix64
    /// How often a step may still fail or be broken off before everything goes well.
    var misfortunes: Int
    /// How long each step takes.
    var stepTime: Int64 = 1000

    var version: Int {
        get { (try? world.observation.version.get()) ?? -1 }
        set { world.observation.version = .success(newValue) }
    }

    func state(_ index: Int) -> MigrationState? { (try? world.observation.migrations[index].state.get()) ?? nil }

    mutating func set(_ index: Int, _ state: MigrationState) {
        var state = state
        state.format = MigrationState.currentFormat
        world.observation.migrations[index].state = .success(state)
    }

    private mutating func misfortune() -> Bool {
        guard misfortunes > 0, Int.random(in: 0..<3, using: &generator) == 0 else { return false }
        misfortunes -= 1
        return true
    }

    /// Does one step; a sentence if the phases' runner would have refused it.
    mutating func perform(_ step: Step) -> String? {
        guard let index = world.observation.migrations.firstIndex(where: { $0.name == step.migration }) else {
            return "there is no \(step.migration)"
        }
        world.observation.now.milliseconds += stepTime
        world.observation.followsCatchUp = step.kind == .catchUp
        switch step.kind {
        case .plan: return plan(index)
        case .apply, .catchUp: return apply(index)
        case .verify: return verify(index)
        case .cleanup: return cleanup(index)
        case .skip: return skip(index)
        case .record:
            world.observation.migrations[index].lacksRecord = false
            return nil
        case .adopt:
            guard version < number(index) else { return "adopts a version that is not above the current one" }
            version = number(index)
            return nil
        }
    }

    private func number(_ index: Int) -> Int { world.observation.migrations[index].version }

    private mutating func plan(_ index: Int) -> String? {
        if let state = state(index), state.trustedPhase != .planned { return nil }
        var state = MigrationState(migrationName: "m\(index + 1)", phase: .planned, startedAt: world.observation.now)
        state.scope = Scope(kinds: ["tenant": Int.random(in: 0...10, using: &generator)])
        set(index, state)
        return nil
    }

    private mutating func apply(_ index: Int) -> String? {
        guard version >= number(index) - 1 else { return "apply needs version \(number(index) - 1)" }
        guard state(index)?.trustedPhase != .cleaned else { return "apply of what is cleaned" }
        let isRaised = version >= number(index)
        var state =
            state(index)
            ?? MigrationState(migrationName: "m\(index + 1)", phase: .planned, startedAt: world.observation.now)
        if !isRaised { state.phase = .applying }
        state.scope = state.scope ?? Scope(kinds: ["tenant": 10])
        set(index, state)
        if misfortune() { return nil }
        if isRaised {
            state.followedAt = world.observation.now
            if misfortune() { state.verification?.soakFrom = world.observation.now }
            if !state.phase.isVerifiedOrLater { state.phase = .applied }
        } else {
            state.phase = .applied
        }
        set(index, state)
        return nil
    }

    private mutating func verify(_ index: Int) -> String? {
        guard var state = state(index), state.trustedPhase != .planned else { return "verify before apply" }
        guard state.phase != .applying, state.phase != .cleaned else { return "verify while \(state.phase)" }
        if misfortune() {
            if state.phase != .cleaning { state.phase = .applying }
            set(index, state)
            return nil
        }
        if misfortune() {
            state.phase = .failed
            set(index, state)
            world.observation.retriesFailed = false
            return nil
        }
        state.phase = state.phase == .cleaning ? .cleaning : .verified
        state.verification = Verification(
            verifiedAt: world.observation.now,
            comparedPairs: 10,
            removable: Int.random(in: 0...2, using: &generator),
            server: World.server
        )
        set(index, state)
        // Broken off between the state and the version.
        if misfortune() { return nil }
        if version == number(index) - 1 { version += 1 }
        return nil
    }

    private mutating func cleanup(_ index: Int) -> String? {
        guard version >= number(index) else { return "cleanup before the raise" }
        guard let phase = state(index)?.trustedPhase, phase == .verified || phase == .cleaning else {
            return "cleanup of what is not verified"
        }
        if let refusal = apply(index) { return refusal }
        guard var state = state(index) else { return "the state vanished" }
        let standing = world.observation.migrations[index]
        let gate = Gate.cleanup(
            state,
            approval: standing.approval,
            policy: world.desired.gates,
            now: state.followedAt ?? world.observation.now
        )
        guard gate == .open else { return nil }
        state.phase = .cleaning
        set(index, state)
        if misfortune() { return nil }
        if misfortune() {
            state.held = HeldKeys()
            state.held?.counts = ["diverged": 1]
            state.keptAt = world.observation.now
        } else {
            state.held = nil
            state.phase = .cleaned
            world.observation.migrations[index].approval = nil
        }
        set(index, state)
        return nil
    }

    private mutating func skip(_ index: Int) -> String? {
        let state = MigrationState(migrationName: "m\(index + 1)", phase: .cleaned, startedAt: world.observation.now)
        set(index, state)
        if version == number(index) - 1 { version += 1 }
        return nil
    }
}

@Suite("Deciding again and again")
struct DecideWalkTests {
    private static func random(seed: UInt64) -> Model {
        var generator = SplitMix64(seed: seed)
        var world = World(version: Int.random(in: 0...4, using: &generator))
        let phases = Phase.allCases.map(Optional.some) + [nil, nil, nil]
        for index in 0..<3 {
            guard let phase = phases.randomElement(using: &generator) ?? nil else { continue }
            var state = World.state("m\(index + 1)", phase)
            if Int.random(in: 0..<4, using: &generator) == 0 { state.format = nil }
            if Int.random(in: 0..<4, using: &generator) == 0 { state.scope = nil }
            if Int.random(in: 0..<4, using: &generator) == 0 { state.followedAt = nil }
            if Int.random(in: 0..<4, using: &generator) == 0 { state.verification?.soakFrom = World.start }
            world.observation.migrations[index].state = .success(state)
        }
        for index in 0..<3 {
            if Int.random(in: 0..<8, using: &generator) == 0 {
                world.observation.migrations[index].applicability = .notApplicable("no")
            }
            if let phase = GatedPhase.allCases.randomElement(using: &generator) {
                world.observation.migrations[index].approval = World.approval("m\(index + 1)", phase)
            }
        }
        if Int.random(in: 0..<2, using: &generator) == 0 {
            world.desired.target = .version(Int.random(in: -1...4, using: &generator))
        }
        world.desired.gates.applyNeedsApproval = Bool.random(using: &generator)
        world.desired.gates.cleanupNeedsApproval = Bool.random(using: &generator)
        world.desired.gates.soak = .seconds([0, 60, 86400].randomElement(using: &generator) ?? 0)
        world.desired.follow = .seconds([0, 60, 600].randomElement(using: &generator) ?? 0)
        world.observation.retriesFailed = Bool.random(using: &generator)
        if Int.random(in: 0..<10, using: &generator) == 0 { world.observation.mayEvict = true }
        if Int.random(in: 0..<10, using: &generator) == 0 { world.observation.regression = "x" }
        let misfortunes = Int.random(in: 0...6, using: &generator)
        return Model(world: world, generator: generator, misfortunes: misfortunes)
    }

    /// Why a step must not be done in a world; nil when it may.
    private static func objection(_ step: Step, _ world: World) -> String? {
        let seen = world.observation
        if seen.pause != nil { return "paused" }
        if seen.lockedBy != nil { return "locked" }
        if seen.regression != nil { return "data was lost" }
        if seen.mayEvict, !world.desired.allowsEviction { return "keys may be evicted" }
        guard let version = try? seen.version.get() else { return "no version" }
        guard let standing = seen.migrations.first(where: { $0.name == step.migration }) else { return "unknown" }
        if version > seen.latest { return "another host is newer" }
        let target = world.desired.target.resolved(latest: seen.latest)
        if standing.version > target { return "above the target" }
        if standing.version > version + 1 { return "out of turn" }
        let state = (try? standing.state.get()) ?? nil
        switch step.kind {
        case .cleanup:
            guard let state, state.format != nil, state.phase == .verified || state.phase == .cleaning else {
                return "not verified"
            }
            if version < standing.version { return "not raised" }
            guard let verification = state.verification else { return "no verification" }
            if verification.soakFrom.duration(to: seen.now) < world.desired.gates.soak { return "not soaked" }
            let isApproved = standing.approval?.phase == .cleanup && standing.approval?.migration == step.migration
            if world.desired.gates.cleanupNeedsApproval, verification.removable > 0, !isApproved {
                return "not approved"
            }
            if version < target { return "before the version is the one wanted" }
        case .apply:
            let isFirst = state?.trustedPhase == .planned && version < standing.version
            let isApproved = standing.approval?.phase == .apply && standing.approval?.migration == step.migration
            if isFirst, world.desired.gates.applyNeedsApproval, (state?.scope?.total ?? 0) > 0, !isApproved {
                return "not approved"
            }
        case .catchUp:
            if version < standing.version { return "catch-up before the raise" }
        case .skip:
            if case .applicable = standing.applicability { return "skips what concerns us" }
        case .record:
            if version < standing.version { return "records what is not raised" }
        case .adopt:
            let record = (try? standing.record.get()) ?? nil
            if record?.isForeign != true { return "adopts what no other tool has raised" }
        case .plan, .verify:
            if version >= standing.version, step.kind == .plan { return "plans what is raised" }
        }
        return nil
    }

    @Test("ends in a rest, does nothing that it must not, and never goes round in circles")
    func walk() {
        var ends: [String: Int] = [:]
        for seed in 0..<10_000 as Range<UInt64> {
            var model = Self.random(seed: seed)
            var version = model.version
            var steps = 0
            var rest: Action?
            while steps < 100, rest == nil {
                let action = model.world.action
                guard case .run(let step) = action else {
                    rest = action
                    break
                }
                steps += 1
                if let objection = Self.objection(step, model.world) {
                    Issue.record("seed \(seed): \(step.kind) of \(step.migration): \(objection)")
                    return
                }
                if let refusal = model.perform(step) {
                    Issue.record("seed \(seed): \(step.kind) of \(step.migration) would be refused: \(refusal)")
                    return
                }
                if model.version < version || model.version > version + 1 {
                    Issue.record("seed \(seed): the version went from \(version) to \(model.version)")
                    return
                }
                version = model.version
            }
            guard let rest else {
                Issue.record("seed \(seed): 100 steps and no end")
                return
            }
            ends[rest.explanation.reason.rawValue, default: 0] += 1
            if case .converged = rest {
                let target = model.world.desired.target.resolved(latest: 3)
                if model.version != target {
                    Issue.record("seed \(seed): converged at \(model.version), wanted \(target)")
                    return
                }
            }
        }
        // The walk is worth something only if it comes to all of these.
        for reason in [
            Reason.converged, .cleanupPending, .applyNeedsApproval, .newerSchema, .versionRegressed, .dataLost,
            .targetUnknown, .targetBelowCurrent, .targetBelowStarted, .conflictsFound, .evictionPolicy,
        ] {
            #expect(ends[reason.rawValue, default: 0] > 20, "\(reason): \(ends)")
        }
    }

    @Test("never runs anything while paused or locked, or with something unreadable")
    func neverWhileStopped() {
        for seed in 0..<5000 as Range<UInt64> {
            let model = Self.random(seed: seed)
            let isNewer = model.version > 3
            let paused = model.world.with { $0.observation.pause = Override(by: "a", at: "", reason: "") }
            #expect(paused.action.explanation.reason == .paused, "seed \(seed)")
            let locked = model.world.with { $0.observation.lockedBy = World.holder }
            if case .run = locked.action {
                Issue.record("seed \(seed): locked, and it runs")
                return
            }
            let error = MigrationError(.unreadable, "x")
            for index in -1..<3 {
                let unreadable = model.world.with { world in
                    if index < 0 {
                        world.observation.version = .failure(error)
                    } else {
                        world.observation.migrations[index].state = .failure(error)
                    }
                }
                switch unreadable.action {
                case .stall(.unreadable, _, _): break
                case .wait(.newerSchema, _, _) where isNewer: break
                default: Issue.record("seed \(seed): unreadable, and it goes on")
                }
            }
        }
    }

    @Test("answers the same when it is asked again")
    func pure() {
        for seed in 0..<2000 as Range<UInt64> {
            let world = Self.random(seed: seed).world
            #expect(world.action == world.action)
        }
    }

    @Test("a fresh keyspace is taken to the newest version and cleaned, whatever goes wrong on the way")
    func fresh() {
        for seed in 0..<500 as Range<UInt64> {
            var world = World(version: 0)
            world.desired.gates.cleanupNeedsApproval = false
            world.desired.gates.soak = .zero
            world.desired.follow = .zero
            world.observation.retriesFailed = true
            var model = Model(world: world, generator: SplitMix64(seed: seed), misfortunes: 5)
            var steps = 0
            while steps < 200 {
                if case .run(let step) = model.world.action {
                    if let refusal = model.perform(step) {
                        Issue.record("seed \(seed): \(step.kind) of \(step.migration) would be refused: \(refusal)")
                        return
                    }
                } else if model.world.action == .converged(pending: nil) {
                    break
                } else {
                    // A person retries, and time passes.
                    model.world.observation.retriesFailed = true
                    model.world.observation.now.milliseconds += 600_000
                }
                steps += 1
            }
            #expect(steps < 200 && model.version == 3, "seed \(seed)")
            #expect((0..<3).allSatisfy { model.state($0)?.phase == .cleaned }, "seed \(seed)")
        }
    }

    @Test("keys held back are tried again in the end, however often catch-up runs", arguments: [0, 30, 60, 600])
    func heldKeys(follow: Int) {
        var world = World(version: 3, .cleaned, .cleaning, .cleaned).with(2) { state in
            state.held = HeldKeys()
            state.held?.counts = ["diverged": 1]
        }
        world.desired.gates.cleanupNeedsApproval = false
        world.desired.follow = .seconds(follow)
        var model = Model(world: world, generator: SplitMix64(seed: 1), misfortunes: 0)
        for _ in 0..<1000 where model.state(1)?.phase != .cleaned {
            if case .run(let step) = model.world.action {
                _ = model.perform(step)
            } else {
                model.world.observation.now.milliseconds += 10_000
            }
        }
        #expect(model.state(1)?.phase == .cleaned)
    }

    @Test("catch-ups that take longer than the time between them do not keep the schema from going on")
    func slowCatchUps() {
        var world = World(version: 2, .verified, .verified)
        world.desired.follow = .seconds(60)
        var model = Model(world: world, generator: SplitMix64(seed: 1), misfortunes: 0, stepTime: 120_000)
        var steps = 0
        while steps < 50, model.version < 3, case .run(let step) = model.world.action {
            _ = model.perform(step)
            steps += 1
        }
        #expect(model.version == 3)
    }
}
