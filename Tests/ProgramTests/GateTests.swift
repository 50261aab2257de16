import Foundation
import TestSupport
import Testing

@Suite("Gates")
struct GateTests {
    private static let approval = "outpost:migration:001_hash_tags:approval"
    private static let gatedCleanup = ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]
    private static let gatedApply = ["MIGRATEREDIS_APPLY_APPROVAL": "required"]

    @Test("Cleanup waits for approval, and approve opens it once")
    func cleanup() async throws {
        try await withStage { stage in
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(Self.gatedCleanup.merging(socket.variables) { $1 })
            let line = try await daemon.waitForLine("converged", "reason=CleanupPending")
            #expect(line.contains("migrateredis approve 001_hash_tags cleanup"), "\(line)")
            let passes = socket.statuses.count
            try await eventually(timeout: .seconds(30), "two more passes") { socket.statuses.count >= passes + 2 }
            let both = stage.keyspace.expectedBesideOld(after: stage.before)
            #expect(try await stage.snapshot().difference(from: both) == nil)

            let approve = try await stage.run(
                "approve",
                "001_hash_tags",
                "--reason",
                "looked at it",
                with: Self.gatedCleanup
            )
            #expect(approve.exitStatus == 0, "\(approve)")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.text(Self.approval) == nil, "an approval serves once")
            expectNone(try await stage.faultOfConverged())
            let status = try await stage.run("status", with: Stage.untended)
            #expect(status.exitStatus == 0, "\(status)")
            let history = try await stage.run("history").standardOutput
            let opened = history.split(separator: "\n").filter { $0.contains("to=clean") }
            #expect(opened.count == 2, "\(history)")
            #expect(opened.allSatisfy { $0.contains("approved_by=") && $0.contains("looked at it") }, "\(history)")
            let others = history.split(separator: "\n").filter { $0.contains("phase changed") && !opened.contains($0) }
            #expect(!others.isEmpty && !others.contains { $0.contains("approved_by") }, "no approval opened them")
            #expect(!daemon.lines("step started", "phase=cleanup", "approval_reason=\"looked at it\"").isEmpty)
        }
    }

    @Test(
        "The history names who worked by hand, what of a gate their word stood for, how much went and which keys stayed"
    )
    func whoWorked() async throws {
        try await withStage(Keyspace(tenants: 3)) { stage in
            let sudo = ["SUDO_USER": "alice"]
            for command in ["apply", "verify"] {
                let result = try await stage.run(
                    ["-migration", "001_hash_tags", "-auto-approve", command].filter {
                        command == "apply" || $0 != "-auto-approve"
                    },
                    with: sudo
                )
                #expect(result.exitStatus == 0, "\(result)")
            }
            try await stage.send("HSET", "tenant:t1", "name", "one")
            try await stage.send("HSET", "tenant:{t1}:tenant", "name", "other")
            let cleanup = try await stage.run("cleanup", "001", "--force", with: sudo)
            #expect(cleanup.exitStatus == 1, "\(cleanup)")
            let resolve = try await stage.run("resolve", "001", "tenant:t1", "--keep", "source", with: sudo)
            #expect(resolve.exitStatus == 0, "\(resolve)")
            let history = try await stage.run("history").standardOutput.split(separator: "\n").map(String.init)
            let phases = history.filter { $0.contains("phase changed") || $0.contains("schema version raised") }
            #expect(phases.count >= 5)
            #expect(phases.allSatisfy { $0.contains("(alice via sudo)") }, "\(phases)")
            #expect(phases.contains { $0.contains("to=cleaning") && $0.contains("of the soak left") }, "\(phases)")
            let done = history.first {
                $0.contains("step finished") && $0.contains("removed, 1 kept: tenant:t1 (diverged)")
            }
            #expect(done != nil, "\(history)")
            #expect(history.contains { $0.contains("1 settled, the source kept: tenant:t1 (diverged)") }, "\(history)")
        }
    }

    @Test("An order names who gave it by way of sudo, and what a forged approval has opened is told with its name")
    func whoGaveIt() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let pause = try await stage.run("pause", "--reason", "x", with: ["SUDO_USER": "alice\u{1B}[31m"])
            #expect(pause.exitStatus == 0, "\(pause)")
            let paused = try await stage.run("history").standardOutput
            #expect(paused.contains("(alice") && paused.contains("via sudo)"), "\(paused)")
            #expect(!paused.contains("\u{1B}"), "\(paused)")
            #expect(try await stage.run("resume").exitStatus == 0)
            #expect(try await stage.converge(with: Self.gatedCleanup).exitStatus == 0)
            let scope = try #require(try await stage.state()?["scope"])
            let forged: [String: Any] = [
                "format": 1, "migration": "001_hash_tags", "phase": "cleanup", "scope": scope, "by": "nobody@nowhere",
                "at": "2026-01-02T03:04:05Z", "reason": "because",
            ]
            let document = String(decoding: try JSONSerialization.data(withJSONObject: forged), as: UTF8.self)
            try await stage.send("SET", Self.approval, document)
            #expect(try await stage.converge(with: Self.gatedCleanup).exitStatus == 0)
            let history = try await stage.run("history").standardOutput
            #expect(history.contains("approved_by=nobody@nowhere"), "\(history)")
        }
    }

    @Test("converge with a closed cleanup gate is done, and says what waits")
    func convergeGated() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let result = try await stage.converge(with: Self.gatedCleanup)
            #expect(result.exitStatus == 0, "\(result)")
            #expect(result.standardOutput.contains("approve 001_hash_tags cleanup"), "\(result)")
        }
    }

    @Test("approve without a phase is wrong usage while no gate waits")
    func nothingWaits() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let changes = try await stage.changes()
            let early = try await stage.run("approve", "001_hash_tags")
            #expect(early.exitStatus == 64, "\(early)")
            let unknown = try await stage.run("approve", "004_unknown")
            #expect(unknown.exitStatus == 64, "\(unknown)")
            let nameless = try await stage.run("approve")
            #expect(nameless.exitStatus == 64, "\(nameless)")
            #expect(try await stage.changes() == changes)

            // Neither gate is asked for, so that neither waits.
            #expect(try await stage.converge(with: Self.gatedCleanup).exitStatus == 0)
            let open = try await stage.run("approve", "001_hash_tags", with: Stage.untended)
            #expect(open.exitStatus == 64, "\(open)")
            #expect(try await stage.converge().exitStatus == 0)
            let late = try await stage.run("approve", "001_hash_tags")
            #expect(late.exitStatus == 64, "\(late)")
            #expect(try await stage.text(Self.approval) == nil)
        }
    }

    @Test("The soak holds cleanup back for its time, by the server's clock")
    func soak() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(["MIGRATEREDIS_CLEANUP_SOAK": "2s"])
            let line = try await daemon.waitForLine("converged", "reason=CleanupPending")
            #expect(line.contains("stay for another"), "\(line)")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            let raised = try #require(try await moment(of: "versionRaised", stage))
            let cleaning = try #require(try await moment(of: "cleaning", stage))
            #expect(cleaning - raised >= 1900, "\(cleaning - raised) ms")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("By hand, the answer stands for approval and soak")
    func byHand() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let gates = Self.gatedCleanup.merging(["MIGRATEREDIS_CLEANUP_SOAK": "24h"]) { $1 }
            #expect(try await stage.converge(with: gates).exitStatus == 0)
            let cleanup = try await stage.run("-migration", "001_hash_tags", "cleanup", "-force", with: gates)
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("Where apply needs approval, nothing is copied before it is given")
    func apply() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Self.gatedApply)
            let line = try await daemon.waitForLine("waiting", "reason=ApplyNeedsApproval")
            #expect(line.contains("migrateredis approve 001_hash_tags apply"), "\(line)")
            #expect(line.contains("\(stage.keyspace.moving) keys"), "\(line)")
            #expect(try await stage.snapshot() == stage.before)
            let converge = try await stage.converge(with: Self.gatedApply)
            #expect(converge.exitStatus == 75, "\(converge)")

            // Approval of another phase opens nothing.
            let other = try await stage.run("approve", "001_hash_tags", "cleanup")
            #expect(other.exitStatus == 0, "\(other)")
            let still = try await stage.converge(with: Self.gatedApply)
            #expect(still.exitStatus == 75, "\(still)")
            #expect(try await stage.snapshot() == stage.before)

            let approve = try await stage.run("approve", "001_hash_tags", "apply")
            #expect(approve.exitStatus == 0, "\(approve)")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("The approval of an apply is used up when the apply has ended")
    func applyUsesUp() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let gates = Self.gatedApply.merging(Self.gatedCleanup) { $1 }
            #expect(try await stage.converge(with: gates).exitStatus == 75)
            #expect(try await stage.run("approve", "001_hash_tags", "apply").exitStatus == 0)
            let converge = try await stage.converge(with: gates)
            #expect(converge.exitStatus == 0, "\(converge)")
            #expect(try await stage.text(Self.approval) == nil)
        }
    }

    /// When the history tells of an event, or of a change to a phase, in milliseconds of the server's clock.
    private func moment(of event: String, _ stage: Stage) async throws -> Int? {
        for entry in try await stage.send("XRANGE", "outpost:migration:history", "-", "+").elements {
            let parts = Array(entry.elements)
            let fields = parts.last?.elements.compactMap(\.text) ?? []
            let isIt = zip(fields, fields.dropFirst()).contains { ($0 == "event" || $0 == "to") && $1 == event }
            if isIt { return parts.first?.text?.split(separator: "-").first.flatMap { Int($0) } }
        }
        return nil
    }
}
