import Testing

@testable import MigrationKit

@Suite("Approvals and gates")
struct GateTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private static func state(
        _ kinds: [String: Int]? = ["tenant": 10],
        removable: Int = 10,
        soakFrom: Timestamp = start
    ) -> MigrationState {
        var state = MigrationState(migrationName: "m", phase: .verified, startedAt: start)
        state.scope = kinds.map { Scope(kinds: $0) }
        state.verification = Verification(
            verifiedAt: start,
            comparedPairs: 10,
            removable: removable,
            server: ServerIdentity(runID: "r", replicationID: "p")
        )
        state.verification?.soakFrom = soakFrom
        return state
    }

    private static func approval(
        _ phase: GatedPhase = .cleanup,
        migration: String = "m",
        kinds: [String: Int]? = ["tenant": 10]
    ) -> Approval {
        Approval(
            migration: migration,
            phase: phase,
            scope: kinds.map { Scope(kinds: $0) },
            by: "u@h",
            at: start.rfc3339,
            reason: ""
        )
    }

    private static func after(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: start.milliseconds + 1000 * seconds)
    }

    // MARK: Scope

    struct Sizes: Sendable, CustomTestStringConvertible {
        var approved: [String: Int]
        var planned: [String: Int]
        var covers: Bool
        var testDescription: String { "\(approved) for \(planned)" }
    }

    @Test(
        "an approved scope covers the same kinds in the same magnitude",
        arguments: [
            Sizes(approved: ["a": 10], planned: ["a": 10], covers: true),
            Sizes(approved: ["a": 10], planned: ["a": 0], covers: true),
            Sizes(approved: ["a": 10], planned: ["a": 30], covers: true),
            Sizes(approved: ["a": 10], planned: ["a": 31], covers: false),
            Sizes(approved: ["a": 20], planned: ["a": 40], covers: true),
            Sizes(approved: ["a": 20], planned: ["a": 41], covers: false),
            Sizes(approved: ["a": 1000], planned: ["a": 2000], covers: true),
            Sizes(approved: ["a": 1000], planned: ["a": 2001], covers: false),
            Sizes(approved: ["a": 0], planned: ["a": 20], covers: true),
            Sizes(approved: ["a": 0], planned: ["a": 21], covers: false),
            Sizes(approved: ["a": 10], planned: ["a": 10, "b": 1], covers: false),
            Sizes(approved: ["a": 10], planned: ["a": 10, "b": 0], covers: true),
            Sizes(approved: ["a": 10, "b": 5], planned: ["a": 10], covers: true),
            Sizes(approved: [:], planned: ["a": 1], covers: false),
            Sizes(approved: [:], planned: [:], covers: true),
        ]
    )
    func scope(_ sizes: Sizes) {
        #expect(Scope(kinds: sizes.approved).covers(Scope(kinds: sizes.planned)) == sizes.covers)
    }

    // MARK: Approval

    @Test("an approval holds for its migration, its phase and its scope only")
    func covers() {
        let state = Self.state()
        for phase in GatedPhase.allCases {
            #expect(Self.approval(phase).covers(phase, of: state))
            for other in GatedPhase.allCases where other != phase {
                #expect(!Self.approval(phase).covers(other, of: state))
            }
        }
        #expect(!Self.approval(migration: "n").covers(.cleanup, of: state))
        #expect(!Self.approval(kinds: ["tenant": 1]).covers(.cleanup, of: Self.state(["tenant": 100])))
        #expect(!Self.approval(kinds: nil).covers(.cleanup, of: state))
        #expect(!Self.approval(kinds: ["summary": 10]).covers(.cleanup, of: state))
    }

    @Test("who accepts what verify found in use accepts the apply on the way back to it, and only that")
    func acceptance() {
        var state = Self.state()
        state.phase = .applying
        #expect(!Self.approval(.verify).covers(.apply, of: state))
        state.inUse = 30
        #expect(Self.approval(.verify).covers(.apply, of: state))
        #expect(!Self.approval(.verify).covers(.cleanup, of: state))
    }

    @Test("an approval of a format that this program does not know opens nothing")
    func newerFormat() {
        var approval = Self.approval()
        approval.format = 99
        #expect(!approval.covers(.cleanup, of: Self.state()))
    }

    // MARK: Apply

    @Test("apply waits for a person only when it is told to, and only where there is something to copy")
    func apply() {
        let asks = GatePolicy(applyNeedsApproval: true)
        #expect(Gate.apply(Self.state(), approval: nil, policy: GatePolicy()) == .open)
        #expect(Gate.apply(Self.state(), approval: nil, policy: asks) == .needsApproval)
        #expect(Gate.apply(Self.state(), approval: Self.approval(.apply), policy: asks) == .open)
        #expect(Gate.apply(Self.state(), approval: Self.approval(.cleanup), policy: asks) == .needsApproval)
        #expect(Gate.apply(Self.state(), approval: Self.approval(.verify), policy: asks) == .needsApproval)
        #expect(Gate.apply(Self.state(["tenant": 0]), approval: nil, policy: asks) == .open)
        #expect(
            Gate.apply(Self.state(["tenant": 100]), approval: Self.approval(.apply), policy: asks) == .needsApproval
        )
    }

    // MARK: Cleanup

    struct Cleanup: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var approval: Approval?
        var needsApproval = true
        var soak = 100
        var removable = 10
        /// The server's time, in seconds after the soak began.
        var now: Int64
        var gate: Gate
    }

    @Test(
        "cleanup waits for the soak first and for a person then",
        arguments: [
            Cleanup(testDescription: "nothing done", now: 0, gate: .soaking(.seconds(100))),
            Cleanup(testDescription: "soaking", now: 99, gate: .soaking(.seconds(1))),
            Cleanup(testDescription: "soaking, approved", approval: approval(), now: 99, gate: .soaking(.seconds(1))),
            Cleanup(testDescription: "soaked", now: 100, gate: .needsApproval),
            Cleanup(testDescription: "soaked, approved", approval: approval(), now: 100, gate: .open),
            Cleanup(testDescription: "approved for apply", approval: approval(.apply), now: 100, gate: .needsApproval),
            Cleanup(
                testDescription: "approved for another",
                approval: approval(migration: "n"),
                now: 100,
                gate: .needsApproval
            ),
            Cleanup(
                testDescription: "approved for less",
                approval: approval(kinds: ["summary": 1]),
                now: 100,
                gate: .needsApproval
            ),
            Cleanup(testDescription: "automatic, soaking", needsApproval: false, now: 99, gate: .soaking(.seconds(1))),
            Cleanup(testDescription: "automatic, soaked", needsApproval: false, now: 100, gate: .open),
            Cleanup(testDescription: "nothing to remove, soaking", removable: 0, now: 50, gate: .soaking(.seconds(50))),
            Cleanup(testDescription: "nothing to remove, soaked", removable: 0, now: 100, gate: .open),
            Cleanup(testDescription: "no soak asked for", soak: 0, now: 0, gate: .needsApproval),
            Cleanup(testDescription: "clock set back a little", now: -1, gate: .soaking(.seconds(100))),
            Cleanup(testDescription: "clock set back a year", now: -31_536_000, gate: .soaking(.seconds(100))),
            Cleanup(
                testDescription: "clock set back without a soak",
                needsApproval: false,
                soak: 0,
                now: -1,
                gate: .soaking(.seconds(0))
            ),
        ]
    )
    func cleanup(_ one: Cleanup) {
        let policy = GatePolicy(cleanupNeedsApproval: one.needsApproval, soak: .seconds(one.soak))
        let gate = Gate.cleanup(
            Self.state(removable: one.removable),
            approval: one.approval,
            policy: policy,
            now: Self.after(one.now)
        )
        #expect(gate == one.gate)
    }

    @Test("the soak counts from the last catch-up that found work, and not from the verify")
    func restarted() {
        let state = Self.state(soakFrom: Self.after(1000))
        let policy = GatePolicy(cleanupNeedsApproval: false, soak: .seconds(100))
        #expect(Gate.cleanup(state, approval: nil, policy: policy, now: Self.after(1050)) == .soaking(.seconds(50)))
        #expect(Gate.cleanup(state, approval: nil, policy: policy, now: Self.after(1100)) == .open)
    }

    struct Save: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var save: ServerInfo.Save
        var within: Int
        var gate: Gate
    }

    @Test(
        "cleanup waits for a save where one is asked for, and no longer than it must",
        arguments: [
            Save(testDescription: "none asked for", save: .never, within: 0, gate: .open),
            Save(testDescription: "never", save: .never, within: 60, gate: .needsSave),
            Save(testDescription: "every write", save: .continuous, within: 60, gate: .open),
            Save(testDescription: "just now", save: .at(after(200)), within: 60, gate: .open),
            Save(testDescription: "a minute ago", save: .at(after(140)), within: 60, gate: .open),
            Save(testDescription: "longer ago", save: .at(after(139)), within: 60, gate: .needsSave),
            Save(testDescription: "after the look", save: .at(after(230)), within: 60, gate: .open),
            Save(
                testDescription: "by a clock that was set back since",
                save: .at(after(261)),
                within: 60,
                gate: .needsSave
            ),
        ]
    )
    func save(_ one: Save) {
        let policy = GatePolicy(soak: .seconds(100), saveWithin: .seconds(one.within))
        let state = Self.state()
        let now = Self.after(200)
        func gate(_ approval: Approval?) -> Gate {
            Gate.cleanup(state, approval: approval, policy: policy, now: now, save: one.save)
        }
        #expect(gate(Self.approval()) == one.gate)
        #expect(gate(nil) == .needsApproval)
    }

    @Test("a state without a verification does not pass the soak")
    func unverified() {
        var state = Self.state()
        state.verification = nil
        let policy = GatePolicy(cleanupNeedsApproval: false, soak: .seconds(100))
        #expect(Gate.cleanup(state, approval: nil, policy: policy, now: Self.after(0)) != .open)
        // Where a person is asked, what is not known counts as something to remove.
        #expect(Gate.cleanup(state, approval: nil, policy: GatePolicy(), now: Self.after(0)) != .open)
    }
}
