import Foundation
import TestSupport

/// How much of what could be tried is tried: a sample from a seed that is printed.
///
/// `SAFETY_SEED` repeats a run. `SAFETY_RUNS` is the number of keyspaces or cases of each test that has many, or `all` of
/// them. `SAFETY_MINUTES` says how long such a test goes on with seeds of its own.
struct Sample: Sendable {
    /// Where the choice comes from.
    let seed: UInt64
    private let wish: String?
    private let minutes: Double?

    init() {
        let environment = ProcessInfo.processInfo.environment
        seed = environment["SAFETY_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
        wish = environment["SAFETY_RUNS"]
        minutes = environment["SAFETY_MINUTES"].flatMap { Double($0) }
    }

    /// Whether everything is wanted that there is.
    var isWhole: Bool { wish == "all" || minutes != nil }

    /// So many of these, by the seed: one of each kind first, then a second one of each, and so on; all where that is wanted.
    func choose<Case>(_ count: Int, of cases: [Case], kind: (Case) -> String = { _ in "" }) -> [Case] {
        var random = SplitMix64(seed: seed)
        let kinds = Dictionary(grouping: cases, by: kind).sorted { $0.key < $1.key }.map {
            $0.value.shuffled(using: &random)
        }
        let order = (0..<(kinds.map(\.count).max() ?? 0)).flatMap { turn in
            kinds.compactMap { turn < $0.count ? $0[turn] : nil }.shuffled(using: &random)
        }
        return isWhole ? order : Array(order.prefix(wish.flatMap { Int($0) } ?? count))
    }

    /// Calls the body with one seed after another: so many, or until the time is over. The first is the seed itself.
    func forEachSeed(_ count: Int, _ body: (UInt64) async throws -> Void) async throws {
        let end = ContinuousClock.now + .seconds((minutes ?? 0) * 60)
        var random = SplitMix64(seed: seed)
        var next = seed
        var played = 0
        while minutes == nil ? played < (wish.flatMap { Int($0) } ?? count) : ContinuousClock.now < end {
            try await body(next)
            played += 1
            next = UInt64.random(in: 0..<1_000_000_000, using: &random)
        }
    }

    /// Calls the body with each case; with a time, until that is over.
    func forEach<Case>(_ cases: [Case], _ body: (Case) async throws -> Void) async throws {
        let end = minutes.map { ContinuousClock.now + .seconds($0 * 60) }
        for one in cases {
            if let end, ContinuousClock.now > end { return }
            try await body(one)
        }
    }
}
