import TestSupport
import Testing

@Suite("A second run")
struct SecondRunTests {
    @Test("Once all is done, converge, status and a daemon of several passes write nothing")
    func nothingToDo() async throws {
        try await withStage { stage in
            let first = try await stage.converge()
            #expect(first.exitStatus == 0, "\(first)")
            expectNone(try await stage.faultOfConverged())
            let changes = try await stage.changes()
            let everything = try await stage.snapshot(withBookkeeping: true)

            for arguments in [["converge"], ["status"], ["status", "--output", "json"], ["list"]] {
                let result = try await stage.run(arguments, with: Stage.untended)
                #expect(result.exitStatus == 0, "\(arguments): \(result)")
            }
            #expect(try await stage.changes() == changes)
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(socket.variables)
            // Every pass ends in a status.
            try await eventually(timeout: .seconds(30), "three passes") { socket.statuses.count >= 3 }
            #expect(await daemon.stop() == .exited(0))

            // What it tells of itself it writes once, for three passes, and takes back: two fields, one time to live.
            #expect(try await stage.changes() <= changes + 3)
            #expect(try await stage.snapshot(withBookkeeping: true) == everything)
        }
    }

    @Test("Before cleanup, a converged daemon that has nothing to follow writes nothing")
    func waitingForApproval() async throws {
        try await withStage { stage in
            let gated = ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]
            #expect(try await stage.converge(with: gated).exitStatus == 0)
            let changes = try await stage.changes()
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(gated.merging(socket.variables) { $1 })
            try await eventually(timeout: .seconds(30), "three passes") { socket.statuses.count >= 3 }
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.changes() <= changes + 3)
        }
    }

    @Test("Applying again before cleanup copies and notes nothing")
    func applyAgain() async throws {
        try await withStage { stage in
            let apply = ["-migration", "001_hash_tags", "apply", "-auto-approve"]
            let first = try await stage.run(apply)
            #expect(first.exitStatus == 0, "\(first)")
            let copied = try await stage.snapshot()
            let copies = try await stage.calls(of: "copy")
            let notes = try await stage.calls(of: "hset")
            #expect(copies == stage.keyspace.moving)

            for step in [apply, ["-migration", "001_hash_tags", "verify"], apply] {
                let again = try await stage.run(step)
                #expect(again.exitStatus == 0, "\(again)")
                #expect(try await stage.snapshot() == copied)
                #expect(try await stage.calls(of: "copy") == copies)
                #expect(try await stage.calls(of: "hset") == notes)
            }
        }
    }

    @Test("An empty keyspace gets its version, and nothing else")
    func emptyKeyspace() async throws {
        try await withStage(Keyspace()) { stage in
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }
}
