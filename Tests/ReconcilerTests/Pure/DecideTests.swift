@testable import MigrationKit
import Testing

@testable import Reconciler

@Suite("Deciding what to do")
struct DecideTests {
    /// What an action is, without its sentence.
    enum Outcome: Sendable, Equatable {
        case run(Step.Kind, String)
        case wait(Reason)
        case stall(Reason)
        case converged
        case pending(String, Reason)

        init(_ action: Action) {
            switch action {
            case .run(let step): self = .run(step.kind, step.migration)
            case .wait(let reason, _, _): self = .wait(reason)
            case .stall(let reason, _, _): self = .stall(reason)
            case .converged(nil): self = .converged
            case .converged(let pending?): self = .pending(pending.migration, pending.reason)
            }
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let world: World
        let outcome: Outcome

        init(_ description: String, _ world: World, _ outcome: Outcome) {
            testDescription = description
            self.world = world
            self.outcome = outcome
        }
    }

    private static let unreadable = MigrationError(.unreadable, "The key x is odd.")
    private static var foreign: OutpostRecord {
        var record = OutpostRecord(.applied)
        record.isForeign = true
        return record
    }
    private static let pause = Override(by: "ann@ops", at: "2024-01-01T00:00:00Z", reason: "incident 7")

    private static func paused(_ world: inout World) { world.observation.pause = pause }
    private static func locked(_ world: inout World) { world.observation.lockedBy = World.holder }
    private static func evicting(_ world: inout World) { world.observation.mayEvict = true }
    private static func approved(_ number: Int, _ phase: GatedPhase) -> (inout World) -> Void {
        { $0.observation.migrations[number - 1].approval = World.approval("m\(number)", phase) }
    }
    private static func pinned(_ version: Int) -> (inout World) -> Void {
        { $0.observation.pin = .success(Pin(version: version, order: pause)) }
    }
    private static func target(_ version: Int) -> (inout World) -> Void {
        { $0.desired.target = .version(version) }
    }
    private static func notApplicable(_ number: Int) -> (inout World) -> Void {
        { $0.observation.migrations[number - 1].applicability = .notApplicable("no") }
    }

    private static func unrecorded(_ number: Int) -> (inout World) -> Void {
        { $0.observation.migrations[number - 1].lacksRecord = true }
    }

    private static func onOlderServer(_ phase: Phase) -> World {
        var world = World(version: 1, phase).with(1) {
            $0.server = ServerIdentity(runID: "r", replicationID: "first")
            $0.verification?.server = ServerIdentity(runID: "other", replicationID: "second")
        }
        world.observation.server = ServerIdentity(runID: "r", replicationID: "first")
        return world
    }

    private static let cleaned = World(version: 3, .cleaned, .cleaned, .cleaned)

    @Test(
        "each row of the table has its action",
        arguments: [
            Row("paused", World(version: 0).with(paused), .wait(.paused)),
            Row("paused with nothing to do", cleaned.with(paused), .wait(.paused)),
            Row(
                "version unreadable",
                World(version: 0).with { $0.observation.version = .failure(unreadable) },
                .stall(.unreadable)
            ),
            Row(
                "a pin unreadable",
                World(version: 0).with { $0.observation.pin = .failure(unreadable) },
                .stall(.unreadable)
            ),
            Row("pinned to the version", World(version: 0).with(pinned(0)), .converged),
            Row("pinned above the target", World(version: 0).with(target(0)).with(pinned(1)), .run(.plan, "m1")),
            Row("pinned below the version", World(version: 2).with(pinned(1)), .stall(.targetBelowCurrent)),
            Row("pinned above all", World(version: 2).with(pinned(9)), .stall(.targetUnknown)),
            Row(
                "pinned below what was begun",
                World(version: 0, .applying).with(pinned(0)),
                .stall(.targetBelowStarted)
            ),
            Row("pinned and paused", World(version: 0).with(pinned(0)).with(paused), .wait(.paused)),
            Row(
                "a state unreadable",
                World(version: 0).with { $0.observation.migrations[1].state = .failure(unreadable) },
                .stall(.unreadable)
            ),
            Row("version above the newest known", World(version: 4), .wait(.newerSchema)),
            Row(
                "something went backwards",
                World(version: 0).with { $0.observation.regression = "The version fell." },
                .stall(.dataLost)
            ),
            Row("on the server of before the verify", onOlderServer(.verified), .stall(.dataLost)),
            Row("the same while cleaning", onOlderServer(.cleaning), .stall(.dataLost)),
            Row("the same when all is cleaned", onOlderServer(.cleaned), .run(.plan, "m2")),
            Row("on a third server", onOlderServer(.verified).with { $0.observation.server = nil }, .run(.plan, "m2")),
            Row("version below one that is cleaned", World(version: 0, .cleaned), .stall(.versionRegressed)),
            Row("version below one that is cleaning", World(version: 0, .cleaning), .stall(.versionRegressed)),
            Row(
                "version below one that the history says was raised",
                World(version: 0, .verified).with { $0.observation.raisedBefore = 1 },
                .stall(.versionRegressed)
            ),
            Row(
                "another tool's record of the migrations before and of this one",
                World(version: 0).with { world in
                    for index in 0..<2 { world.observation.migrations[index].record = .success(foreign) }
                },
                .run(.adopt, "m2")
            ),
            Row(
                "another tool's record, with none of the migration before",
                World(version: 0).with { $0.observation.migrations[1].record = .success(foreign) },
                .stall(.foreignRecord)
            ),
            Row(
                "our own record above the version",
                World(version: 0).with { $0.observation.migrations[0].record = .success(OutpostRecord(.applied)) },
                .stall(.versionRegressed)
            ),
            Row(
                "the same without any state",
                World(version: 0).with { $0.observation.raisedBefore = 1 },
                .stall(.versionRegressed)
            ),
            Row("version two below one that is verified", World(version: 0, nil, .verified), .stall(.versionRegressed)),
            Row("version one below one that is verified", World(version: 0, .verified), .run(.verify, "m1")),
            Row("version two below one that is applied", World(version: 0, nil, .applied), .run(.plan, "m1")),
            Row("target above the newest known", World(version: 0).with(target(4)), .stall(.targetUnknown)),
            Row("target below the version", cleaned.with(target(2)), .stall(.targetBelowCurrent)),
            Row(
                "begun above the target",
                World(version: 1, .cleaned, .applying).with(target(1)),
                .stall(.targetBelowStarted)
            ),
            Row(
                "failed above the target",
                World(version: 1, .cleaned, .failed).with(target(1)),
                .stall(.targetBelowStarted)
            ),
            Row(
                "verified above the target and not raised",
                World(version: 1, .cleaned, .verified).with(target(1)),
                .stall(.targetBelowStarted)
            ),
            Row("planned above the target", World(version: 1, .cleaned, .planned).with(target(1)), .converged),
            Row("work is due and the lock is held", World(version: 0).with(locked), .wait(.lockHeld)),
            Row("no work is due and the lock is held", cleaned.with(locked), .converged),
            Row("work is due and keys may be evicted", World(version: 0).with(evicting), .stall(.evictionPolicy)),
            Row(
                "work is due and keys may be evicted, which is meant",
                World(version: 0).with(evicting).with { $0.desired.allowsEviction = true },
                .run(.plan, "m1")
            ),
            Row("no work is due and keys may be evicted", cleaned.with(evicting), .converged),
        ] as [Row]
    )
    func rows(_ row: Row) {
        #expect(Outcome(row.world.action) == row.outcome, "\(row.world.action)")
    }

    @Test(
        "a state that is missing or of an earlier phase at its version is caught up with and verified again",
        arguments: [
            Row("missing", World(version: 1, nil).with(target(1)), .run(.apply, "m1")),
            Row("planned", World(version: 1, .planned).with(target(1)), .run(.apply, "m1")),
            Row("applying", World(version: 1, .applying).with(target(1)), .run(.apply, "m1")),
            Row("applied", World(version: 1, .applied).with(target(1)), .run(.verify, "m1")),
            Row("failed", World(version: 1, .failed).with(target(1)), .stall(.conflictsFound)),
            Row(
                "failed, and to be tried again",
                World(version: 1, .failed).with(target(1)).with { $0.observation.retriesFailed = true },
                .run(.apply, "m1")
            ),
            Row(
                "the original tool's word is no proof",
                World(version: 1, .verified).with(target(1)).with(1) { $0.format = nil },
                .run(.apply, "m1")
            ),
            Row(
                "the original tool's cleaned is",
                World(version: 1, .cleaned).with(target(1)).with(1) { $0.format = nil },
                .converged
            ),
            Row("missing, and later ones are further", World(version: 3, nil, .cleaned, .cleaned), .run(.apply, "m1")),
            Row(
                "missing, and it does not concern us",
                World(version: 3, nil, .cleaned, .cleaned).with(notApplicable(1)),
                .converged
            ),
        ] as [Row]
    )
    func settling(_ row: Row) {
        #expect(Outcome(row.world.action) == row.outcome, "\(row.world.action)")
    }

    @Test(
        "below the target the next migration goes its way",
        arguments: [
            Row("nothing yet", World(version: 0), .run(.plan, "m1")),
            Row("planned", World(version: 0, .planned), .run(.apply, "m1")),
            Row("planned without a scope", World(version: 0, .planned).with(1) { $0.scope = nil }, .run(.plan, "m1")),
            Row(
                "planned by the original tool",
                World(version: 0, .planned).with(1) { $0.format = nil },
                .run(.plan, "m1")
            ),
            Row(
                "applied by the original tool",
                World(version: 0, .applied).with(1) { $0.format = nil },
                .run(.plan, "m1")
            ),
            Row(
                "planned, and a person is to approve",
                World(version: 0, .planned).with { $0.desired.gates.applyNeedsApproval = true },
                .wait(.applyNeedsApproval)
            ),
            Row(
                "planned and approved",
                World(version: 0, .planned).with { $0.desired.gates.applyNeedsApproval = true }.with(
                    approved(1, .apply)
                ),
                .run(.apply, "m1")
            ),
            Row(
                "planned, and a person is to approve nothing",
                World(version: 0, .planned).with { $0.desired.gates.applyNeedsApproval = true }
                    .with(1) { $0.scope = Scope(kinds: [:]) },
                .run(.apply, "m1")
            ),
            Row("applying", World(version: 0, .applying), .run(.apply, "m1")),
            Row("applied", World(version: 0, .applied), .run(.verify, "m1")),
            Row("verified, and the raise broke off", World(version: 0, .verified), .run(.verify, "m1")),
            Row("failed", World(version: 0, .failed), .stall(.conflictsFound)),
            Row(
                "failed, and to be tried again",
                World(version: 0, .failed).with { $0.observation.retriesFailed = true },
                .run(.apply, "m1")
            ),
            Row("raised once", World(version: 1, .cleaned), .run(.plan, "m2")),
            Row("raised once, cleanup pending", World(version: 1, .verified), .run(.plan, "m2")),
            Row(
                "raised once, cleanup approved",
                World(version: 1, .verified).with(approved(1, .cleanup)),
                .run(.plan, "m2")
            ),
            Row("not applicable", World(version: 0).with(notApplicable(1)), .run(.skip, "m1")),
            Row(
                "raised, without Outpost's record",
                World(version: 1, .verified).with(unrecorded(1)),
                .run(.record, "m1")
            ),
            Row(
                "all done, without Outpost's record of one that was skipped",
                World(version: 3, .cleaned, .cleaned, .cleaned).with(notApplicable(2)).with(unrecorded(2)),
                .run(.record, "m2")
            ),
            Row(
                "without Outpost's record, and to be verified again",
                World(version: 1, .applied).with(unrecorded(1)),
                .run(.verify, "m1")
            ),
            Row(
                "without Outpost's record, while another works",
                World(version: 1, .verified).with(unrecorded(1)).with(locked),
                .wait(.lockHeld)
            ),
            Row("target is the version", World(version: 0).with(target(0)), .converged),
            Row("target is lower than the newest", World(version: 1, .cleaned).with(target(1)), .converged),
        ] as [Row]
    )
    func raising(_ row: Row) {
        #expect(Outcome(row.world.action) == row.outcome, "\(row.world.action)")
    }

    private static let pending = World(version: 3, .cleaned, .verified, .cleaned)

    @Test(
        "at the target cleanups run when their gates are open, after a catch-up",
        arguments: [
            Row("nothing pending", cleaned, .converged),
            Row("not approved", pending, .pending("m2", .cleanupNeedsApproval)),
            Row("approved", pending.with(approved(2, .cleanup)), .run(.cleanup, "m2")),
            Row("approved for apply", pending.with(approved(2, .apply)), .pending("m2", .cleanupNeedsApproval)),
            Row(
                "soaking",
                pending.with(approved(2, .cleanup)).with(2) { $0.verification?.soakFrom = World.start },
                .pending("m2", .soaking)
            ),
            Row(
                "soaking since a time that has not come: the clock was set back",
                pending.with(approved(2, .cleanup)).with { $0.desired.follow = .zero }
                    .with(2) { $0.verification?.soakFrom.milliseconds = World.start.milliseconds + 1 },
                .run(.catchUp, "m2")
            ),
            Row(
                "automatic",
                pending.with { $0.desired.gates.cleanupNeedsApproval = false },
                .run(.cleanup, "m2")
            ),
            Row("nothing to remove", pending.with(2) { $0.verification?.removable = 0 }, .run(.cleanup, "m2")),
            Row(
                "catch-up never ran",
                pending.with(approved(2, .cleanup)).with(2) { $0.followedAt = nil },
                .run(.catchUp, "m2")
            ),
            Row(
                "catch-up is due",
                pending.with(approved(2, .cleanup)).with { $0.observation.now.milliseconds += 600_000 },
                .run(.catchUp, "m2")
            ),
            Row(
                "catch-up is due again, and what comes after it is told before it begins anew",
                pending.with(2) { $0.followedAt = nil }.with { $0.observation.followed = ["m2"] },
                .pending("m2", .cleanupNeedsApproval)
            ),
            Row(
                "another's catch-up does not stand for it",
                pending.with(2) { $0.followedAt = nil }.with { $0.observation.followed = ["m1"] },
                .run(.catchUp, "m2")
            ),
            Row(
                "catch-up is almost due",
                pending.with { $0.observation.now.milliseconds += 599_999 },
                .pending("m2", .cleanupNeedsApproval)
            ),
            Row(
                "the clock was set back",
                pending.with { $0.observation.now.milliseconds -= 1 },
                .run(.catchUp, "m2")
            ),
            Row(
                "catch-up only before cleanup",
                pending.with { $0.desired.follow = .zero }.with(2) { $0.followedAt = nil },
                .pending("m2", .cleanupNeedsApproval)
            ),
            Row(
                "catch-up is due below the target too",
                World(version: 1, .verified).with(1) { $0.followedAt = nil },
                .run(.catchUp, "m1")
            ),
            Row(
                "cleaning broke off",
                World(version: 3, .cleaned, .cleaning, .cleaned).with(approved(2, .cleanup)),
                .run(.cleanup, "m2")
            ),
            Row(
                "the first of two waits",
                World(version: 3, .verified, .verified, .cleaned).with(approved(2, .cleanup)),
                .pending("m1", .cleanupNeedsApproval)
            ),
            Row(
                "both may run: in order",
                World(version: 3, .verified, .verified, .cleaned).with(approved(1, .cleanup)).with(
                    approved(2, .cleanup)
                ),
                .run(.cleanup, "m1")
            ),
        ] as [Row]
    )
    func cleaningUp(_ row: Row) {
        #expect(Outcome(row.world.action) == row.outcome, "\(row.world.action)")
    }

    private static let held = World(version: 3, .cleaning, .verified, .cleaned)
        .with { $0.desired.gates.cleanupNeedsApproval = false }
        .with(1) { state in
            state.held = HeldKeys()
            state.held?.counts = ["diverged": 2]
            state.keptAt = state.followedAt
        }

    @Test(
        "keys held back are looked at again later, and others proceed meanwhile",
        arguments: [
            Row("just looked at", held, .run(.cleanup, "m2")),
            Row("and nothing else to do", held.with(2) { $0.phase = .cleaned }, .pending("m1", .keysHeld)),
            Row(
                "later",
                held.with(2) { $0.phase = .cleaned }.with { $0.desired.follow = .zero }
                    .with { $0.observation.now.milliseconds += 60_000 },
                .run(.cleanup, "m1")
            ),
            Row(
                "at once where a person asks",
                held.with(2) { $0.phase = .cleaned }.with { $0.observation.retried = ["m1"] },
                .run(.cleanup, "m1")
            ),
            Row(
                "the other one soaks",
                held.with(2) { $0.verification?.soakFrom = World.start },
                .pending("m1", .keysHeld)
            ),
        ] as [Row]
    )
    func holding(_ row: Row) {
        #expect(Outcome(row.world.action) == row.outcome, "\(row.world.action)")
    }

    @Test("keys held back are counted, with when they are looked at again")
    func holdingMessage() {
        guard case .converged(let pending?) = Self.held.with(2, { $0.phase = .cleaned }).action else {
            Issue.record("nothing is pending")
            return
        }
        let again = "they are looked at again in 10 min, or after `migrateredis retry`."
        #expect(pending.message == "m1 keeps 2 old keys back; \(again)")
    }

    /// Worlds to which several rows apply, from the row that decides to the one that comes last.
    private static let precedence: [(change: @Sendable (inout World) -> Void, outcome: Outcome)] = [
        ({ paused(&$0) }, .wait(.paused)),
        ({ $0.observation.version = .failure(unreadable) }, .stall(.unreadable)),
        ({ $0.observation.version = .success(4) }, .wait(.newerSchema)),
        ({ $0.observation.regression = "x" }, .stall(.dataLost)),
        (
            { $0.observation.migrations[2].state = .success(World.state("m3", .cleaned)) },
            .stall(.versionRegressed)
        ),
        ({ $0.desired.target = .version(9) }, .stall(.targetUnknown)),
        ({ $0.desired.target = .version(0) }, .stall(.targetBelowCurrent)),
        (
            {
                $0.observation.migrations[1].state = .success(World.state("m2", .applied))
                $0.desired.target = .version(1)
            },
            .stall(.targetBelowStarted)
        ),
        ({ evicting(&$0) }, .stall(.evictionPolicy)),
        ({ locked(&$0) }, .wait(.lockHeld)),
        ({ $0.observation.migrations[0].state = .success(nil) }, .run(.apply, "m1")),
        (
            {
                var state = World.state("m1", .verified)
                state.followedAt = nil
                $0.observation.migrations[0].state = .success(state)
            },
            .run(.catchUp, "m1")
        ),
    ]

    @Test("the first row that fits decides", arguments: 0..<12)
    func order(index: Int) {
        let plain = World(version: 1, .verified).with { Self.approved(1, .cleanup)(&$0) }
        #expect(Self.precedence.count == 12)
        // All rows from this one on, the later ones first, so that a change of the same thing is this row's.
        let world = plain.with { world in
            for row in Self.precedence[index...].reversed() { row.change(&world) }
        }
        #expect(Outcome(world.action) == Self.precedence[index].outcome, "\(world.action)")
    }

    struct Concern: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let world: World
        let migration: String?

        init(_ description: String, _ world: World, _ migration: String?) {
            testDescription = description
            self.world = world
            self.migration = migration
        }
    }

    @Test(
        "a wait or a refusal says which migration it concerns, if it concerns one",
        arguments: [
            Concern("paused", World(version: 0).with(paused), nil),
            Concern(
                "a state that cannot be read",
                World(version: 0).with { $0.observation.migrations[1].state = .failure(unreadable) },
                "m2"
            ),
            Concern("another host is newer", World(version: 4), nil),
            Concern("on the server of before the verify", onOlderServer(.verified), "m1"),
            Concern("version below one that is cleaned", World(version: 0, .cleaned), "m1"),
            Concern("target above the newest known", World(version: 0).with(target(4)), nil),
            Concern("target below one that was begun", World(version: 0, .applying).with(target(0)), "m1"),
            Concern("the lock is held", World(version: 0).with(locked), "m1"),
            Concern("keys may be evicted", World(version: 0).with(evicting), nil),
            Concern(
                "the gate is closed",
                World(version: 0, .planned).with { $0.desired.gates.applyNeedsApproval = true },
                "m1"
            ),
            Concern("failed", World(version: 0, .failed), "m1"),
        ]
    )
    func concern(_ row: Concern) {
        switch row.world.action {
        case .wait, .stall: #expect(row.world.action.migration == row.migration, "\(row.world.action)")
        case .run, .converged: Issue.record("\(row.world.action)")
        }
    }

    // MARK: What was once wrong

    @Test("a newer host's version comes before its states, which this program cannot read")
    func newerHost() {
        let world = World(version: 4).with { $0.observation.migrations[0].state = .failure(Self.unreadable) }
        #expect(Outcome(world.action) == .wait(.newerSchema))
    }

    @Test("a skip that broke off before the raise goes on")
    func brokenSkip() {
        let world = World(version: 0, .cleaned).with(Self.notApplicable(1))
        #expect(Outcome(world.action) == .run(.skip, "m1"))
    }

    @Test("keys held back do not stop the cleanups behind them where cleanups need approval")
    func heldWithoutApproval() {
        let world = Self.held.with { $0.desired.gates.cleanupNeedsApproval = true }.with(Self.approved(2, .cleanup))
        #expect(Outcome(world.action) == .run(.cleanup, "m2"))
    }

    @Test("an approval that was revoked stops an apply that has begun")
    func revoked() {
        let world = World(version: 0, .applying).with { $0.desired.gates.applyNeedsApproval = true }
        #expect(Outcome(world.action) == .wait(.applyNeedsApproval))
    }

    @Test("a verified state without its verification is not cleaned up before a soak")
    func noVerification() {
        let world = Self.pending.with { $0.desired.gates.cleanupNeedsApproval = false }
            .with(2) { $0.verification = nil }
        #expect(Outcome(world.action) != .run(.cleanup, "m2"))
    }

    // MARK: Sentences

    @Test("a pause says who, since when and why")
    func pauseMessage() {
        guard case .wait(.paused, let message, _) = World(version: 0).with(Self.paused).action else {
            Issue.record("not paused")
            return
        }
        for part in ["ann@ops", "2024-01-01T00:00:00Z", "incident 7", "Resume with `migrateredis resume`."] {
            #expect(message.contains(part))
        }
        let bare = World(version: 0).with { $0.observation.pause = Override(by: "somebody", at: "", reason: "") }
        guard case .wait(.paused, let short, _) = bare.action else {
            Issue.record("\(bare.action)")
            return
        }
        #expect(short.hasPrefix("Paused by somebody. "), "what the pause does not say is left out")
    }

    @Test("a pause's words cannot end a line or steer a terminal")
    func pauseEscapes() {
        let hostile = Override(by: "a\u{1B}[2J", at: "b\n", reason: "c\u{202E}")
        guard case .wait(.paused, let message, _) = World(version: 0).with({ $0.observation.pause = hostile }).action
        else { return }
        #expect(message.unicodeScalars.allSatisfy { $0.value >= 0x20 && !$0.properties.isBidiControl })
    }

    @Test("a held lock says who has it, for what and since when, and when another tool's ends")
    func lockMessage() {
        func message(_ holder: LockHolder) -> String {
            guard
                case .wait(.lockHeld, let message, _) = World(version: 0).with({ $0.observation.lockedBy = holder })
                    .action
            else { return "" }
            return message
        }
        #expect(
            message(World.holder)
                == "m1 is due for planning, and the lock is held by db2/blue (process 7) for m1 since then."
        )
        var foreign = LockHolder(text: "another tool", timeToLive: .seconds(90), isForeign: true)
        #expect(message(foreign).contains("expires in 1 min 30 s"))
        foreign.timeToLive = nil
        #expect(message(foreign).contains("does not expire"))
    }

    @Test("every refusal and every wait says something, and names the migration that it is about")
    func messages() {
        let conflict = World(version: 0, .failed).with(1) { state in
            state.errors = ["2 pairs are in conflict."]
            state.held = HeldKeys()
            state.held?.counts = ["foreign": 2]
        }
        guard case .stall(.conflictsFound, let message, _) = conflict.action else {
            Issue.record("\(conflict.action)")
            return
        }
        #expect(message.contains("m1 holds 2 keys") && message.contains("2 pairs are in conflict."))
        guard case .stall(.targetBelowStarted, let below, _) = World(version: 0, .applying).with(Self.target(0)).action
        else {
            Issue.record("not refused")
            return
        }
        #expect(below.contains("m1") && below.contains("applying"))
    }

    @Test("at the highest version known a program with no migrations has nothing to do")
    func empty() {
        let observation = Observation(version: .success(0), migrations: [], now: World.start)
        #expect(decide(observation, Desired(target: .latest)) == .converged(pending: nil))
    }

    @Test("the most distant times that a state may hold are answered", arguments: [1 << 48, -(1 << 48)] as [Int64])
    func distantTimes(milliseconds: Int64) {
        let distant = Timestamp(milliseconds: milliseconds)
        let followed = Self.pending.with(2) { $0.followedAt = distant }
        #expect(Outcome(followed.action) == .run(.catchUp, "m2"))
        let soaked = Self.pending.with(2) { $0.verification?.soakFrom = distant }
        let isAhead = milliseconds > 0
        #expect(Outcome(soaked.action) == (isAhead ? .run(.catchUp, "m2") : .pending("m2", .cleanupNeedsApproval)))
    }
}
