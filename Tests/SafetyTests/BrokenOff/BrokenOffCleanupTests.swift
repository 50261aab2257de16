import TestSupport
import Testing

/// A cleanup that is killed at its n-th command, an application that writes to a record, and whatever comes next.
@Suite("A cleanup that was broken off")
struct BrokenOffCleanupTests {
    /// What people and daemons do afterwards.
    enum Next: String, CaseIterable, Sendable {
        case cleanup, applyAndCleanup, converge, verify

        var runs: [[String]] {
            switch self {
            case .cleanup: [World.phaseArguments("cleanup")]
            case .applyAndCleanup: [World.phaseArguments("apply"), World.phaseArguments("cleanup")]
            case .converge: [["converge"]]
            case .verify: [World.phaseArguments("verify")]
            }
        }
    }

    private struct Case: Sendable, CustomStringConvertible {
        var point: World.Point
        var write: LateWrite
        var next: Next
        var owner: Owner

        var description: String {
            "killed before \(point), \(write) of \(owner.newName), then \(next)"
        }
    }

    @Test("lets no fragment into a full record, and brings none back", arguments: World.Kind.allCases)
    func cleanup(kind: World.Kind) async throws {
        let sample = Sample()
        try await withWorld(kind) { world in
            try await Estate.build(in: world)
            for phase in ["apply", "verify"] {
                let result = try await world.phase(phase)
                #expect(result.exitStatus == 0, "\(result)")
            }
            let verified = try await world.remember()
            let points = try await world.points(of: World.phaseArguments("cleanup"))
                .filter { sample.isWhole || $0.counted == .change || $0.counted == .ledgers }
            var all: [Case] = []
            for point in points {
                for write in LateWrite.allCases {
                    for next in Next.allCases {
                        all.append(Case(point: point, write: write, next: next, owner: Estate.owners[0]))
                    }
                }
            }
            // Half of them lie between the transactions of one record, and have an old instance write to it.
            let isCore = { (one: Case) in one.write.isByOld && one.point.concernsRecord }
            let half = kind == .server ? 15 : 7
            let chosen = [all.filter(isCore), all.filter { !isCore($0) }].flatMap { cases in
                sample.choose(half, of: cases) { "\($0.point.shape) \($0.write)" }
            }
            print("broken off on a \(kind): \(chosen.count) of \(all.count), SAFETY_SEED=\(sample.seed)")
            var random = SplitMix64(seed: sample.seed)
            try await sample.forEach(chosen) { one in
                try await world.goBack(to: verified)
                let kill = try await world.runKilled(before: one.point, World.phaseArguments("cleanup"))
                // Mostly the record that was in hand, sometimes any.
                let inHand = Estate.owners.first { kill.lastName == $0.oldName || kill.lastName == $0.newName }
                let any = Estate.owners.randomElement(using: &random) ?? one.owner
                var one = one
                one.owner = Int.random(in: 0..<4, using: &random) == 0 ? any : inHand ?? any
                try await play(one, in: world)
            }
        }
    }

    private func play(_ one: Case, in world: World) async throws {
        let before = try await sides(of: one.owner, in: world)
        // Nobody looks at old names any more once the migration is cleaned.
        let state = try await world.text("outpost:migration:\(World.migration):state") ?? ""
        let wasCleaned = state.contains(#""phase":"cleaned""#)
        try await one.write.happen(to: one.owner, in: world)
        var results: [ProcessResult] = []
        for arguments in one.next.runs { results.append(try await world.run(arguments)) }
        let after = try await sides(of: one.owner, in: world)
        let hasSucceeded = results.last?.exitStatus == 0
        let said = results.map(\.description).joined(separator: "\n")
        let fault = one.write.fault(before, after, of: one.owner, hasSucceeded: hasSucceeded)
        #expect(fault == nil, "\(one): \(fault ?? "")\nbefore: \(before)\nafter: \(after)\n\(said)")
        let hashes = try await world.hashes()
        let others = Estate.faults(of: hashes, without: one.owner)
        #expect(others.isEmpty, "\(one): \(others.joined(separator: "\n"))\n\(said)")
        // Whoever says that all is cleaned has removed every old name, and so have programs to whom nothing happened.
        let isClean = Estate.owners.allSatisfy { hashes[$0.oldName] == nil }
        if one.next != .verify, one.next != .converge, hasSucceeded, !wasCleaned {
            #expect(isClean, "\(one): not clean\n\(said)")
        }
        if one.next != .verify, one.write == .nothing { #expect(hasSucceeded && isClean, "\(one): \(said)") }
    }

    private func sides(of owner: Owner, in world: World) async throws -> LateWrite.Sides {
        let hashes = try await world.hashes()
        return LateWrite.Sides(old: hashes[owner.oldName], new: hashes[owner.newName])
    }
}
