import Foundation
import TestSupport
import Testing

/// Several faults at once, at moments and in an order that follow from a seed.
///
/// `FAULT_SEED` repeats one schedule, and `FAULT_MINUTES` says how long new ones are made: two minutes if nothing is said.
/// Which ones follows from chance, or from `FAULT_SERIES`.
@Suite("Random schedules")
struct RandomScheduleTests {
    @Test("of several faults at once lose nothing, overwrite nothing, and end converged")
    func schedules() async throws {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FAULT_SEED"].flatMap({ UInt64($0) }) { return try await play(seed: seed) }
        let minutes = environment["FAULT_MINUTES"].flatMap { Double($0) } ?? 2
        let end = ContinuousClock.now + .seconds(minutes * 60)
        let series = environment["FAULT_SERIES"].flatMap { UInt64($0) }
        var seeds = SplitMix64(seed: series ?? UInt64.random(in: 0...UInt64.max))
        var count = 0
        while ContinuousClock.now < end {
            count += 1
            try await play(seed: UInt64.random(in: 0..<1_000_000, using: &seeds))
        }
        print("random schedules: \(count) in \(minutes) minutes")
    }

    private func play(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        var plan: [String: [Disturbance]] = [:]
        for phase in ["apply", "verify", "cleanup"] {
            let count = Int.random(in: 1...3, using: &random)
            let chosen = Disturbance.allCases.shuffled(using: &random).prefix(count)
            let isSetBack = chosen.contains(where: \.setsTheClockBack)
            plan[phase] = chosen.filter { !isSetBack || !$0.endsByTheServersClock }
        }
        let gap = Int.random(in: 0...800, using: &random)
        print("random schedule, FAULT_SEED=\(seed): \(plan.sorted { $0.key < $1.key }), \(gap) ms apart")
        let schedule = plan
        let allowsRemovals = plan.values.joined().allSatisfy(\.allowsRemovals)
        try await Trial.play(seed: seed, allowsRemovals: allowsRemovals) { phase, trial in
            await withTaskGroup(of: Void.self) { group in
                for (number, disturbance) in (schedule[phase] ?? []).enumerated() {
                    group.addTask {
                        try? await Task.sleep(for: .milliseconds(number * gap))
                        await disturbance.happen(to: trial)
                    }
                }
            }
        }
    }
}
