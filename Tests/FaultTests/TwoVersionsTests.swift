import Foundation
import TestSupport
import Testing

/// Two versions of both programs on one keyspace, in turns and at once, as they are during an upgrade and when it is undone.
///
/// `OTHER_PROGRAMS` names the directory of the other ones, as `.ci/check-two-versions` does. Without it both are the same,
/// and what is shown is that the programs can take turns at all.
@Suite("Two versions of the programs")
struct TwoVersionsTests {
    /// Who begins.
    enum Order: String, CaseIterable, Sendable {
        case oneFirst
        case otherFirst

        /// The program of this turn: even turns belong to who begins.
        func program(_ name: String, turn: Int) throws -> String {
            turn.isMultiple(of: 2) == (self == .oneFirst) ? try ProductPath.find(name) : try ProductPath.findOther(name)
        }
    }

    /// As a user who may do everything: an ACL file belongs to one version.
    private static func address(_ stage: Stage) -> [String: String] {
        ["REDIS_SOCKET": stage.server.socketPath].merging(settings) { $1 }
    }

    private static let settings = Stage.untended.merging(["MIGRATEREDIS_SCHEMA_TARGET": "3"]) { $1 }

    private func run(
        _ stage: Stage,
        _ order: Order,
        turn: Int,
        _ arguments: [String],
        _ variables: [String: String] = [:]
    ) async throws -> ProcessResult {
        try await ProcessRunner.run(
            try order.program("migrateredis", turn: turn),
            arguments,
            environment: Self.address(stage).merging(variables) { $1 },
            directory: stage.server.directory,
            timeout: .seconds(60)
        )
    }

    private func daemon(_ stage: Stage, _ order: Order, turn: Int, _ variables: [String: String]) async throws
        -> RunningProcess
    {
        try await RunningProcess.start(
            try order.program("migrateredisd", turn: turn),
            environment: Self.address(stage).merging(variables) { $1 },
            directory: stage.server.directory
        )
    }

    /// All is as one version alone makes it, and neither finds anything to write.
    private func requireEnd(_ stage: Stage, _ order: Order, expected: Snapshot) async throws {
        #expect(try await stage.text("outpost:schema:version") == "3")
        let difference = try await stage.snapshot().difference(from: expected)
        #expect(difference == nil, "\(order): \(difference ?? "")")
        let changes = try await stage.changes()
        for turn in 0..<2 {
            let again = try await run(stage, order, turn: turn, ["converge"])
            #expect(again.exitStatus == 0, "\(again)")
        }
        #expect(try await stage.changes() == changes, "one more run of each writes")
    }

    @Test("By hand, each phase by the other one, each apply and cleanup half by both", arguments: Order.allCases)
    func byHand(order: Order) async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            var turn = 0
            for migration in ["001_hash_tags", "002_timestamps", "003_entity"] {
                for phase in [["plan"], ["apply", "-auto-approve"], ["verify"], ["cleanup", "-force"]] {
                    let words = ["-migration", migration] + phase
                    if phase[0] == "apply" || phase[0] == "cleanup" {
                        try await runInPart(stage, order, turn: turn, words)
                        turn += 1
                    }
                    let result = try await run(stage, order, turn: turn, words)
                    #expect(result.exitStatus == 0, "\(order), turn \(turn), \(words): \(result)")
                    turn += 1
                }
                // An even number of turns a migration: the next one is begun by the other.
                turn += 1
            }
            try await requireEnd(stage, order, expected: stage.keyspace.expectedLatest(after: stage.before))
        }
    }

    /// Begins a phase and breaks it off, as by Ctrl-C.
    private func runInPart(_ stage: Stage, _ order: Order, turn: Int, _ words: [String]) async throws {
        let program = try await RunningProcess.start(
            try order.program("migrateredis", turn: turn),
            words,
            environment: Self.address(stage).merging(Stage.slow) { $1 },
            directory: stage.server.directory
        )
        try await Task.sleep(for: .milliseconds(400))
        program.signal(turn.isMultiple(of: 4) ? SIGKILL : SIGINT)
        try await program.waitForExit(timeout: .seconds(20))
    }

    @Test("Daemons that replace each other all the time, stopped or killed, come to the end", arguments: Order.allCases)
    func inTurns(order: Order) async throws {
        try await withStage(Keyspace(tenants: 3)) { stage in
            var ends: [String] = []
            for turn in 0..<40 {
                let daemon = try await daemon(stage, order, turn: turn, ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "80"])
                let deadline = ContinuousClock.now + .milliseconds(600)
                while ContinuousClock.now < deadline, daemon.lines("converged", "reason=Converged").isEmpty {
                    try await Task.sleep(for: .milliseconds(10))
                }
                let hasConverged = !daemon.lines("converged", "reason=Converged").isEmpty
                #expect(daemon.lines("stalled").isEmpty, "\(order), turn \(turn): \(daemon.standardError)")
                if turn % 4 < 2, !hasConverged { daemon.signal(SIGKILL) } else { daemon.signal(SIGTERM) }
                ends.append("\(try await daemon.waitForExit())")
                if hasConverged { break }
            }
            print("\(order): \(ends.count) daemons in turn")
            #expect(ends.count > 3)
            try await requireEnd(stage, order, expected: stage.keyspace.expectedLatest(after: stage.before))
        }
    }

    @Test("At once, on one keyspace: one works and the other waits, and both see the end")
    func atOnce() async throws {
        try await withStage(Keyspace(tenants: 3)) { stage in
            let pace = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "100"]
            let daemons = [
                try await daemon(stage, .oneFirst, turn: 0, pace), try await daemon(stage, .oneFirst, turn: 1, pace),
            ]
            for daemon in daemons {
                try await daemon.waitUntilConverged(timeout: .seconds(60))
                #expect(await daemon.stop() == .exited(0))
            }
            try await requireEnd(stage, .oneFirst, expected: stage.keyspace.expectedLatest(after: stage.before))
        }
    }

    @Test("A state of a newer format than both know is refused by both, and nothing is touched")
    func newerFormat() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            let words = ["-migration", "001_hash_tags", "apply", "-auto-approve"]
            let apply = try await run(stage, .oneFirst, turn: 0, words)
            #expect(apply.exitStatus == 0, "\(apply)")
            let name = "outpost:migration:001_hash_tags:state"
            let state = try #require(try await stage.text(name))
            #expect(state.contains("\"format\":1,"))
            try await stage.send("SET", name, state.replacing("\"format\":1,", with: "\"format\":2,"))
            let before = try await stage.contents()
            for turn in 0..<2 {
                let result = try await run(stage, .oneFirst, turn: turn, ["converge"])
                #expect(result.exitStatus == 1, "\(result)")
                #expect(result.standardError.contains("newer"), "\(result)")
                let daemon = try await daemon(stage, .oneFirst, turn: turn, [:])
                try await daemon.waitForLine("stalled")
                #expect(await daemon.stop() == .exited(0))
            }
            #expect(try await stage.contents() == before)
        }
    }
}
