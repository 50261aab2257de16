import Foundation

/// At which commands of a run something is made to go wrong: all of them, or a sample from a seed that is printed.
///
/// `CRASH_POINTS=all` takes every one, a number about so many, and `CRASH_SEED` repeats a run. `CRASH_MINUTES` is for tests
/// that take as many as come into a time.
package struct CrashPoints: Sendable {
    /// The numbers of the commands, from 1.
    package let points: [Int]
    /// What was chosen, for the log.
    package let description: String
    /// Where the sample comes from.
    package let seed: Int

    /// Whether one of many runs is made: each when every point is taken, else one in so many, by one seed for all.
    package static func takes(_ number: Int, of step: Int) -> Bool {
        let takesAll = ProcessInfo.processInfo.environment["CRASH_POINTS"] == "all"
        return takesAll || number % step == shared.seed % step
    }

    private static let shared = CrashPoints(commands: 1, sample: 1)

    /// The time for each of so many runs, if a time for all tests is set, of which they have this share.
    ///
    /// Four run at once, unless the variable for that says fewer.
    package static func allowance(ofEach runs: Int, share: Double) -> Duration? {
        let environment = ProcessInfo.processInfo.environment
        guard let minutes = environment["CRASH_MINUTES"].flatMap({ Double($0) }) else { return nil }
        let width = environment["SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH"].flatMap { Int($0) } ?? 4
        return .seconds(minutes * 60 * share * Double(min(width, 4)) / Double(runs))
    }

    /// About `sample` of so many commands.
    package init(commands total: Int, sample: Int) {
        let environment = ProcessInfo.processInfo.environment
        seed = environment["CRASH_SEED"].flatMap { Int($0) } ?? Int.random(in: 0..<1000)
        let wish = environment["CRASH_POINTS"]
        let step = wish == "all" ? 1 : max(1, total / (wish.flatMap { Int($0) } ?? sample))
        points = Array(stride(from: 1 + seed % step, through: total, by: step))
        description = "\(total) commands, every \(step)th, CRASH_SEED=\(seed)"
    }
}
