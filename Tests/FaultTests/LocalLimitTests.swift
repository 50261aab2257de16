import Foundation
import TestSupport
import Testing

@Suite("A host that has no more to give")
struct LocalLimitTests {
    /// What there is too little of, as the shell limits it.
    enum Shortage: String, CaseIterable, Sendable {
        case files = "ulimit -n 5"
        case fewFiles = "ulimit -n 8"
        case memory = "ulimit -v 60000"
        case moreMemory = "ulimit -v 400000"
        case processorTime = "ulimit -t 1"
        case fullOutput = "exec >/dev/full"
        case fullErrors = "exec 2>/dev/full"
        case closedOutput = "exec >&-"
        case closedErrors = "exec 2>&-"
    }

    @Test(
        "converge ends right or says no; the next run, where there is enough, ends right",
        arguments: Shortage.allCases
    )
    func converge(shortage: Shortage) async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            let program = try ProductPath.find("migrateredis")
            let result = try await ProcessRunner.run(
                "sh",
                ["-c", "\(shortage.rawValue); exec \"$0\" converge", program],
                environment: stage.address.merging(Stage.untended) { $1 },
                directory: stage.server.directory,
                timeout: .seconds(60)
            )
            if result.exitStatus == 0 {
                #expect(try await stage.faultOfConverged() == nil, "\(result)")
            } else {
                let whole = stage.keyspace.expected(after: stage.before)
                let now = try await stage.snapshot()
                for (old, new) in stage.keyspace.newNames where now.records[old] == nil {
                    #expect(now.records[new] == whole.records[new], "\(old)")
                }
            }
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
            #expect(try await stage.faultOfConverged() == nil)
        }
    }

    @Test("status that cannot be written is no success")
    func fullDisk() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let program = try ProductPath.find("migrateredis")
            let result = try await ProcessRunner.run(
                "sh",
                ["-c", "exec \"$0\" status >/dev/full", program],
                environment: stage.address,
                directory: stage.server.directory
            )
            #expect(result.exitStatus != 0, "\(result)")
        }
    }
}
