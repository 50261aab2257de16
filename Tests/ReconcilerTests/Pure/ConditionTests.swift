import MigrationKit
import Testing

@testable import Reconciler

@Suite("Conditions")
struct ConditionTests {
    private static let early = Timestamp(milliseconds: 1_700_000_000_000)
    private static let late = Timestamp(milliseconds: 1_700_000_060_000)
    private static let pending = PendingCleanup(migration: "m1", reason: .soaking, message: "The old keys stay.")

    struct Case: Sendable, CustomTestStringConvertible {
        var action: Action
        /// `Ready`, `Reconciling`, `Stalled`, `CleanupPending` and `KeysHeld`.
        var statuses: [String]
        var testDescription: String { "\(action)" }
    }

    private static let cases = [
        Case(action: .converged(pending: nil), statuses: ["True", "False", "False", "False", "False"]),
        Case(action: .converged(pending: pending), statuses: ["True", "False", "False", "True", "False"]),
        Case(action: .run(Step(.plan, "m1")), statuses: ["False", "True", "False", "False", "False"]),
        Case(action: .run(Step(.apply, "m1")), statuses: ["False", "True", "False", "False", "False"]),
        Case(action: .run(Step(.verify, "m1")), statuses: ["False", "True", "False", "False", "False"]),
        Case(action: .run(Step(.catchUp, "m1")), statuses: ["False", "True", "False", "True", "False"]),
        Case(action: .run(Step(.cleanup, "m1")), statuses: ["False", "True", "False", "True", "False"]),
        Case(action: .wait(.paused, "Paused."), statuses: ["False", "True", "False", "False", "False"]),
        Case(action: .wait(.lockHeld, "Held."), statuses: ["False", "True", "False", "False", "False"]),
        Case(action: .wait(.redisUnreachable, "Gone."), statuses: ["Unknown", "True", "False", "False", "Unknown"]),
        Case(action: .stall(.dataLost, "Lost."), statuses: ["False", "False", "True", "False", "False"]),
    ]

    @Test("all are told of every action, always in the same order", arguments: cases)
    func statuses(_ one: Case) {
        let conditions = Condition.all(of: one.action, previous: [], at: Self.early)
        #expect(conditions.map(\.type) == [.ready, .reconciling, .stalled, .cleanupPending, .keysHeld])
        #expect(conditions.map(\.status) == one.statuses)
        #expect(conditions.allSatisfy { $0.lastTransitionTime == Self.early.rfc3339 })
        #expect(conditions.allSatisfy { Reason(rawValue: $0.reason) != nil })
        for condition in conditions where condition.status != "False" { #expect(!condition.message.isEmpty) }
        #expect(!conditions[0].message.isEmpty, "why it is not ready is always told")
    }

    @Test("the reason of a refusal stands where people look for it")
    func reasons() {
        let stalled = Condition.all(of: .stall(.dataLost, "Lost."), previous: [], at: Self.early)
        #expect(stalled[2].reason == "DataLost" && stalled[2].message == "Lost.")
        #expect(stalled[0].reason == "DataLost" && stalled[0].message == "Lost.")
        let waiting = Condition.all(of: .converged(pending: Self.pending), previous: [], at: Self.early)
        #expect(waiting[3].reason == "Soaking" && waiting[3].message == "The old keys stay.")
        #expect(waiting[0].reason == "Converged")
    }

    @Test("a condition's time is that of its last change of status, not of its reason")
    func transitions() {
        let first = Condition.all(of: .wait(.paused, "Paused."), previous: [], at: Self.early)
        let second = Condition.all(of: .wait(.lockHeld, "Held."), previous: first, at: Self.late)
        #expect(second.allSatisfy { $0.lastTransitionTime == Self.early.rfc3339 })
        #expect(second[1].reason == "LockHeld")
        let third = Condition.all(of: .converged(pending: nil), previous: second, at: Self.late)
        #expect(
            third.map(\.lastTransitionTime)
                == [Self.late, Self.late, Self.early, Self.early, Self.early].map(\.rfc3339)
        )
    }

    @Test("reasons are single words in camel case, each once")
    func words() {
        for reason in Reason.allCases {
            #expect(
                reason.rawValue.allSatisfy { $0.isLetter && $0.isASCII } && reason.rawValue.first?.isUppercase == true
            )
        }
        #expect(Set(Reason.allCases.map(\.rawValue)).count == Reason.allCases.count)
        let kinds = ["Ready", "Reconciling", "Stalled", "CleanupPending", "KeysHeld"]
        #expect(Condition.Kind.allCases.map(\.rawValue) == kinds)
    }
}
