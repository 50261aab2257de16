import MigrationKit
import Migrations
import Testing

@Suite("A phase that is asked for")
struct PhaseRequestTests {
    private static let moving = MigrationRegistry.outpost.migrations[0]
    private static let rewriting = MigrationRegistry.outpost.migrations[1]

    private static func state(_ phase: Phase) -> MigrationState {
        var state = MigrationState(migrationName: moving.name, phase: phase, startedAt: .now)
        if phase.isVerifiedOrLater {
            state.verification = Verification(
                verifiedAt: .now,
                comparedPairs: 1,
                removable: 1,
                server: ServerIdentity(runID: "r", replicationID: "p")
            )
        }
        return state
    }

    /// A phase of the first migration, where that stands, and a word of the refusal; nil where it may begin.
    private static let cases: [(PhaseRequest, version: Int, Phase?, refusal: String?)] = [
        (.apply, 0, nil, nil), (.apply, 0, .planned, nil), (.apply, 0, .failed, nil), (.apply, 1, .verified, nil),
        (.apply, 1, .cleaned, "nothing left to apply"),
        (.verify, 0, nil, "run apply first"), (.verify, 0, .planned, "run apply first"),
        (.verify, 0, .applying, "run apply again"), (.verify, 0, .applied, nil), (.verify, 1, .cleaning, nil),
        (.verify, 1, .cleaned, "nothing left to compare"),
        (.cleanup, 0, .applied, "must be verified"), (.cleanup, 1, nil, "has no state"),
        (.cleanup, 1, .applied, "is applied, not verified"), (.cleanup, 1, .verified, nil),
        (.cleanup, 1, .cleaning, nil), (.cleanup, 1, .cleaned, "nothing left to clean up"),
        (.rollback, 0, nil, "nothing to roll back"), (.rollback, 0, .planned, "nothing to roll back"),
        (.rollback, 0, .applied, nil), (.rollback, 0, .failed, nil), (.rollback, 1, .verified, "no way back"),
        (.resolve, 0, nil, "not applied yet"), (.resolve, 0, .failed, nil), (.resolve, 1, .verified, nil),
        (.resolve, 1, .cleaned, "nothing left to settle"),
        (.skip, 0, nil, nil),
    ]

    @Test("may begin only where the migration stands so", arguments: cases.indices)
    func phases(index: Int) {
        let (phase, version, stands, text) = Self.cases[index]
        let refusal = phase.refusal(of: Self.moving, .init(version: version, state: stands.map(Self.state)))
        #expect(refusal?.code == text.map { _ in .wrongPhase }, "\(refusal.debugDescription)")
        #expect(text.map { refusal?.message.contains($0) == true } ?? true, "\(refusal.debugDescription)")
    }

    @Test("of a migration that rewrites in place: nothing is there to go back to, and no sides to choose")
    func inPlace() {
        for (phase, text) in [(PhaseRequest.rollback, "no copy to go back to"), (.resolve, "no two sides")] {
            let refusal = phase.refusal(of: Self.rewriting, .init(version: 1, state: nil))
            #expect(refusal?.message.contains(text) == true)
        }
        let early = PhaseRequest.apply.refusal(of: Self.rewriting, .init(version: 0, state: nil))
        #expect(early?.message.contains("needs schema version 1") == true)
    }

    @Test("leads past no pin, with who gave it and what ends it; a pin behind the keyspace bears on nothing")
    func pins() {
        let order = Override(by: "ann@ops1", at: "2026-01-02T15:03:35Z", reason: "freeze")
        for phase in PhaseRequest.allCases {
            for pinned in 0...2 {
                for version in 0...2 {
                    let standing = PhaseRequest.Standing(
                        version: version,
                        state: Self.state(.applied),
                        pin: Pin(version: pinned, order: order)
                    )
                    let isOnward = ![.rollback, .resolve].contains(phase)
                    let refusal = phase.refusal(of: Self.moving, standing)
                    #expect(
                        (refusal?.code == .pinned) == (isOnward && pinned < 1 && version < 1),
                        "\(phase) \(standing)"
                    )
                    guard let refusal, refusal.code == .pinned else { continue }
                    for word in ["ann@ops1", "2026-01-02T15:03:35Z", "freeze", "unpin"] {
                        #expect(refusal.message.contains(word), "\(refusal)")
                    }
                }
            }
        }
    }
}
