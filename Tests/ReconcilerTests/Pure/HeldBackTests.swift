import MigrationKit
import Testing

@testable import Reconciler

@Suite("What a person has to settle")
struct HeldBackTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var phase: Phase
        var counts: [String: Int]
        var text: String?
        var testDescription: String { "\(phase) \(counts)" }
    }

    private static let cases = [
        Case(phase: .cleaning, counts: ["diverged": 1], text: "1 key of m1 needs a decision (diverged 1)"),
        Case(
            phase: .verified,
            counts: ["foreign": 2, "diverged": 1],
            text: "3 keys of m1 need a decision (diverged 1, foreign 2)"
        ),
        Case(phase: .failed, counts: ["collision": 1], text: "1 key of m1 needs a decision (collision 1)"),
        Case(phase: .failed, counts: ["hot": 5], text: nil),
        Case(phase: .failed, counts: [:], text: nil),
        // A run that has not ended, or will look anew, has not said its last word.
        Case(phase: .applying, counts: ["foreign": 1], text: nil),
        Case(phase: .planned, counts: ["foreign": 1], text: nil),
        Case(phase: .cleaned, counts: ["foreign": 1], text: nil),
        // Anybody may have stored a reason.
        Case(phase: .failed, counts: ["a\u{1B}[1m": 1], text: "1 key of m1 needs a decision (a\\u{1B}[1m 1)"),
    ]

    private func observation(_ states: [MigrationState]) -> Observation {
        Observation(
            version: .success(0),
            migrations: states.enumerated().map { index, state in
                Observation.Standing(name: state.migrationName, version: index + 1, state: .success(state))
            },
            now: World.start
        )
    }

    private func state(_ name: String, _ phase: Phase, _ counts: [String: Int]) -> MigrationState {
        var state = World.state(name, phase)
        state.held = HeldKeys()
        state.held?.counts = counts
        return state
    }

    @Test("is told once a phase has ended, by reason", arguments: cases)
    func text(_ one: Case) {
        let held = HeldBack(observation([state("m1", one.phase, one.counts)]))
        if let text = one.text, text.contains("\\") {
            #expect(held?.text.contains("\u{1B}") == false)
        } else {
            #expect(held?.text == one.text)
        }
    }

    @Test("names the first migration, and that there are more")
    func several() {
        let held = HeldBack(
            observation([state("m1", .verified, [:]), state("m2", .failed, ["a": 1]), state("m3", .failed, ["a": 1])])
        )
        #expect(held?.migration == "m2" && held?.others == 1)
        #expect(held?.message.contains("status --held m2") == true)
    }

    @Test("is a condition that lasts while steps run, and is unknown where nobody could look")
    func condition() throws {
        let held = HeldBack(observation([state("m1", .verified, ["diverged": 1])]))
        func status(_ action: Action, _ held: HeldBack?) -> String? {
            Condition.all(of: action, held: held).first { $0.type == .keysHeld }?.status
        }
        #expect(status(.run(Step(.catchUp, "m1")), held) == "True")
        #expect(status(.converged(pending: nil), held) == "True")
        #expect(status(.converged(pending: nil), nil) == "False")
        #expect(status(.wait(.redisUnreachable, "away"), nil) == "Unknown")
    }
}
