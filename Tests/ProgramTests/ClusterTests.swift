import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("A cluster")
struct ClusterTests {
    @Test("Converge moves every key of all masters, and one more run writes no data")
    func converge() async throws {
        try await withClusterStage { stage in
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.faultOfConverged() == nil)
            let changes = try await stage.changes()
            let again = try await stage.converge()
            #expect(again.exitStatus == 0, "\(again)")
            #expect(try await stage.changes() == changes)
        }
    }
}
