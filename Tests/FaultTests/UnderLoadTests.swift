import TestSupport
import Testing

@Suite("Under load")
struct UnderLoadTests {
    @Test(
        "whatever happens in apply, verify and cleanup: no write is lost, nothing newer overwritten, nothing foreign touched",
        arguments: Disturbance.allCases
    )
    func disturbed(by disturbance: Disturbance) async throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        print("\(disturbance): seed \(seed)")
        try await Trial.play(seed: seed, allowsRemovals: disturbance.allowsRemovals) { _, trial in
            await disturbance.happen(to: trial)
        }
    }
}
