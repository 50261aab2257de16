import TestSupport
import Testing

/// Keyspaces whose names have several readings, with applications that write and delete between any two phases.
///
/// `SAFETY_SEED` repeats a keyspace when `SAFETY_RUNS` is 1; what failed prints both.
@Suite("Records of tenants with any names")
struct RandomNamesTests {
    @Test("are never given to another tenant, never lost and never brought back; and most keyspaces converge")
    func names() async throws {
        let sample = Sample()
        try await withWorld(.server) { world in
            var odd = (converged: 0, all: 0)
            try await sample.forEachSeed(60) { seed in
                var course = Course(in: world, seed: seed)
                let outcome = try await course.play()
                let story = "SAFETY_RUNS=1 SAFETY_SEED=\(seed)\n" + outcome.script.joined(separator: "\n")
                #expect(outcome.faults.isEmpty, "\(outcome.faults.joined(separator: "\n"))\n\(story)")
                if outcome.isPlain, outcome.faults.isEmpty {
                    #expect(outcome.hasConverged, "A keyspace of plain names does not converge.\n\(story)")
                }
                if !outcome.isPlain {
                    odd.all += 1
                    odd.converged += outcome.hasConverged ? 1 : 0
                }
            }
            print("random names, SAFETY_SEED=\(sample.seed): \(odd.converged) of \(odd.all) odd keyspaces converged")
            // Whoever holds everything back does no harm, and no good either.
            #expect(odd.all < 20 || odd.converged * 5 > odd.all * 2, "\(odd.converged) of \(odd.all) converged")
        }
    }
}
