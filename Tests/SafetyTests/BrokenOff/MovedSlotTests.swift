import TestSupport
import Testing

/// A slot that moves to another node in the middle of a step, an application that writes to its record, and a run to the end.
@Suite("A slot that moves under a step")
struct MovedSlotTests {
    private struct Case: Sendable, CustomStringConvertible {
        var phase: String
        var point: World.Point
        var progress: SlotMove.Progress
        var movesOld: Bool
        var write: LateWrite
        var owner: Owner

        var description: String {
            "\(phase): the slot of the \(movesOld ? "old" : "new") name of \(owner.newName) \(progress) before \(point), then "
                + "\(write)"
        }
    }

    @Test("no record is lost, split or brought back", arguments: ["apply", "verify", "cleanup"])
    func moves(phase: String) async throws {
        let sample = Sample()
        try await withWorld(.cluster) { world in
            try await Estate.build(in: world)
            for earlier in ["apply", "verify", "cleanup"].prefix(while: { $0 != phase }) {
                let result = try await world.phase(earlier)
                #expect(result.exitStatus == 0, "\(result)")
            }
            let start = try await world.remember()
            let points = try await world.points(of: World.phaseArguments(phase)).filter {
                $0.counted == .change || $0.counted == .look
            }
            // Before the raise, new instances have written nothing.
            let writes = phase == "cleanup" ? LateWrite.allCases : [.nothing, .fieldByOld]
            var all: [Case] = []
            for point in points {
                for progress in SlotMove.Progress.allCases {
                    for write in writes {
                        for movesOld in [true, false] {
                            all.append(
                                Case(
                                    phase: phase,
                                    point: point,
                                    progress: progress,
                                    movesOld: movesOld,
                                    write: write,
                                    owner: Estate.owners[all.count % Estate.owners.count]
                                )
                            )
                        }
                    }
                }
            }
            let chosen = sample.choose(2, of: all) { "\($0.progress) \($0.movesOld) \($0.write)" }
            print("moved slots in \(phase): \(chosen.count) of \(all.count), SAFETY_SEED=\(sample.seed)")
            try await sample.forEach(chosen) { one in
                try await world.goBack(to: start)
                try await play(one, in: world)
            }
        }
    }

    private func play(_ one: Case, in world: World) async throws {
        let move = try await SlotMove(of: one.movesOld ? one.owner.oldName : one.owner.newName, in: world)
        let counter = Counter()
        let isMoved = Flag()
        world.schedule.rearm(hook: { _, words in
            guard Counted.kind(of: words) == one.point.counted, counter.increase() == one.point.number else { return }
            move.go(to: one.progress)
            isMoved.raise()
        })
        var results = [try await world.run(World.phaseArguments(one.phase))]
        world.schedule.rearm()
        if isMoved.isRaised {
            move.finish()
            world.homes.note(one.movesOld ? one.owner.oldName : one.owner.newName, at: move.target)
        }
        let isRaised = try await world.isRaised()
        if one.phase == "cleanup" || !isRaised {
            let before = try await sides(of: one.owner, in: world)
            try await one.write.happen(to: one.owner, in: world)
            results.append(try await world.run("converge"))
            let after = try await sides(of: one.owner, in: world)
            let said = results.map(\.description).joined(separator: "\n")
            let hasSucceeded = results.last?.exitStatus == 0
            // Nobody looks at old names any more once the migration is cleaned.
            let fault =
                one.phase == "cleanup"
                ? one.write.fault(before, after, of: one.owner, hasSucceeded: hasSucceeded)
                : after.new == one.owner.fields(value: one.write == .nothing ? "0" : LateWrite.value)
                    ? nil : "the new name is not what the old one was"
            #expect(fault == nil, "\(one): \(fault ?? "")\nbefore: \(before)\nafter: \(after)\n\(said)")
        }
        let others = Estate.faults(of: try await world.hashes(), without: one.owner)
        #expect(others.isEmpty, "\(one): \(others.joined(separator: "\n"))")
        if isMoved.isRaised {
            move.back().go(to: .settled)
            world.homes.forget()
        }
    }

    private func sides(of owner: Owner, in world: World) async throws -> LateWrite.Sides {
        let hashes = try await world.hashes()
        return LateWrite.Sides(old: hashes[owner.oldName], new: hashes[owner.newName])
    }
}
