import RedisClient
import TestSupport
import Testing

/// The real programs, disturbed at the n-th of their commands, for all n or a sample from a seed that is printed.
@Suite("Disturbed at any command")
struct EveryCommandTests {
    @Test(
        "on one server, it comes to the end of an undisturbed run, and then writes nothing",
        arguments: Victim.allCases,
        Injury.allCases
    )
    func server(victim: Victim, injury: Injury) async throws {
        try await withGround(.server) { try await everyCommand($0, victim, injury, sample: 3) }
    }

    @Test(
        "in a cluster, it comes to the end of an undisturbed run, and then writes nothing",
        arguments: Victim.allCases,
        Injury.allCases
    )
    func cluster(victim: Victim, injury: Injury) async throws {
        // A run there takes a hundred thousand commands: a sample takes some of the combinations as well.
        guard CrashPoints.takes(combination(victim, injury), of: 4) || allowance != nil else { return }
        try await withGround(.cluster) { try await everyCommand($0, victim, injury, sample: 1) }
    }

    /// On one server and in a cluster together seven eighths of the time, if one is set, are for these tests.
    private var allowance: Duration? {
        CrashPoints.allowance(ofEach: 2 * Victim.allCases.count * Injury.allCases.count, share: 0.875)
    }

    private func combination(_ victim: Victim, _ injury: Injury) -> Int {
        let victims = Victim.allCases.firstIndex(of: victim) ?? 0
        let injuries = Injury.allCases.firstIndex(of: injury) ?? 0
        return victims * Injury.allCases.count + injuries
    }

    private func everyCommand(_ ground: Ground, _ victim: Victim, _ injury: Injury, sample: Int) async throws {
        let expected = victim.expected(on: ground)
        let trace = try await Traces.shared.trace("\(victim) \(ground.kind)") {
            let trace = try await ground.trace(of: victim)
            try await requireEnd(ground, victim, expected, "undisturbed")
            return trace
        }
        let shapes = CommandShapes(of: trace)
        let points = CrashPoints(commands: shapes.numbers.count, sample: sample)
        let end = allowance.map { ContinuousClock.now + $0 }
        let numbers =
            end == nil
            ? points.points.map { shapes.numbers[$0 - 1] }
            : shapes.inRounds(seed: 1000 * combination(victim, injury) + points.seed)
        var tried = 0
        var reached = 0
        var faults = 0
        for number in numbers {
            if let end, ContinuousClock.now >= end { break }
            tried += 1
            let point = "\(victim) \(injury) at \(number) (\(trace[number - 1])), seed \(points.seed)"
            try await ground.reset()
            guard try await disturb(ground, victim, injury, at: number, expected, point) else { continue }
            reached += 1
            if try await requireEnd(ground, victim, expected, point) { continue }
            faults += 1
            // What is wrong at many commands is told by a few of them.
            if faults >= 5 { break }
        }
        let choice = end == nil ? points.description : "\(shapes.kindCount) kinds of command, CRASH_SEED=\(points.seed)"
        print("\(victim) \(injury) \(ground.kind): \(reached) reached of \(tried); \(choice), of \(trace.count)")
        // Renewals come by the clock, so the last numbers are not there in each run.
        #expect(reached * 10 >= tried * 9 - 10, "most points are reached")
    }

    /// Disturbs one run; false when it ended before it came so far.
    private func disturb(
        _ ground: Ground,
        _ victim: Victim,
        _ injury: Injury,
        at number: Int,
        _ expected: Snapshot,
        _ point: String
    ) async throws -> Bool {
        let slot = ProcessSlot()
        let faults = injury.faults(at: number)
        if injury.kills {
            ground.schedule.rearm(faults, onFault: { slot.kill() })
        } else {
            ground.schedule.rearm(faults)
        }
        let run = try await victim.work(on: ground, victim: slot, heals: !injury.kills)
        guard !ground.schedule.happened.isEmpty else { return false }
        ground.schedule.heal()
        if run.hasSucceeded {
            // Whoever says that all is done has to be right.
            let version = try await ground.text("outpost:schema:version") ?? "none"
            #expect(version == "\(victim.target(on: ground))", "\(point): success at \(version)\n\(run.words)")
        } else {
            #expect(injury.kills || run.words.count > 20, "\(point): it failed without a word")
            try await requireNothingLost(ground, point)
        }
        let next = try await victim.finish(on: ground)
        #expect(next.exitStatus == 0, "\(point): \(next)\nthe disturbed run: \(run.words)")
        ground.schedule.deliverHeld()
        return true
    }

    /// Each record is there under one of its names.
    private func requireNothingLost(_ ground: Ground, _ point: String) async throws {
        let now = try await ground.snapshot()
        for (old, new) in ground.keyspace.newNames where now.records[old] == nil {
            #expect(now.records[new] != nil, "\(point): \(old) is lost")
        }
    }

    /// Whether all is as it must be, and one more run writes nothing.
    @discardableResult
    private func requireEnd(
        _ ground: Ground,
        _ victim: Victim,
        _ expected: Snapshot,
        _ point: String
    ) async throws -> Bool {
        let difference = try await ground.snapshot().difference(from: expected)
        #expect(difference == nil, "\(point): \(difference ?? "")")
        let version = try await ground.text("outpost:schema:version")
        #expect(version == "\(victim.target(on: ground))", "\(point)")
        let before = try await ground.changes()
        let again = try await victim.finish(on: ground)
        let after = try await ground.changes()
        #expect(again.exitStatus == 0, "\(point): one more run: \(again)")
        #expect(before == after, "\(point): one more run writes")
        return difference == nil && before == after && again.exitStatus == 0
    }
}
