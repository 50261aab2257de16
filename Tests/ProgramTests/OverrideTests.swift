import Foundation
import TestSupport
import Testing

@Suite("Orders that people give to every daemon")
struct OverrideTests {
    private static let pauseKey = "outpost:migration:pause"
    private static let pinKey = "outpost:migration:pin"
    /// A daemon that looks by itself once a minute: what it does sooner, it was told.
    private static let lazy = ["MIGRATEREDIS_RECONCILE_INTERVAL": "60s"]

    private func object(_ stage: Stage, _ key: String) async throws -> [String: Any] {
        let text = try await stage.text(key) ?? "{}"
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    private func history(_ stage: Stage) async throws -> [String] {
        try await stage.send("XRANGE", "outpost:migration:history", "-", "+").elements.compactMap { entry in
            let words = Array(entry.elements).last?.elements.compactMap(\.text) ?? []
            return words.count > 1 ? words[1] : nil
        }
    }

    @Test("A pause in the middle of a walk holds at the next batch, keeps the checkpoint and gives the lock back")
    func pauseInWalk() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let daemon = try await stage.daemon(Self.lazy.merging(Stage.slow) { $1 })
            try await daemon.waitForLine("step started", "phase=apply")
            try await eventually(timeout: .seconds(20), "a checkpoint") {
                (try await stage.state()?["checkpoint"] as? [String: Any]) != nil
            }
            let began = ContinuousClock.now
            let pause = try await stage.run("pause", "--reason", "load test")
            #expect(pause.exitStatus == 0, "\(pause)")
            let line = try await daemon.waitForLine("waiting", "reason=Paused")
            #expect(began.duration(to: .now) < .seconds(5), "at once by the message, and not at the interval")
            #expect(line.contains("load test") && line.contains("migrateredis resume"), "\(line)")
            #expect(try await stage.lock() == nil)
            #expect(try await stage.phase() == "applying")
            #expect(try await stage.state()?["checkpoint"] != nil)
            let copied = try await stage.calls(of: "copy")
            #expect(copied > 0 && copied < stage.keyspace.moving)

            let status = try await stage.run("status")
            #expect(status.standardOutput.contains("Paused     by "), "\(status)")
            let before = try await stage.snapshot()
            for step in [["apply", "-auto-approve"], ["verify"]] {
                let hand = try await stage.run(["-migration", "001_hash_tags"] + step)
                #expect(hand.exitStatus == 75, "\(hand)")
                #expect(hand.standardError.contains("load test"), "\(hand)")
            }
            for order in ["reconcile", "retry"] {
                let result = try await stage.run([order])
                #expect(result.exitStatus == 75, "\(result)")
                #expect(result.standardError.contains("load test"), "\(result)")
            }
            #expect(try await stage.snapshot() == before)

            let resume = try await stage.run("resume")
            #expect(resume.exitStatus == 0 && resume.standardOutput.contains("load test"), "\(resume)")
            try await daemon.waitForLine("step finished", "phase=apply", timeout: .seconds(30))
            // What the checkpoint covers is not copied again.
            #expect(try await stage.calls(of: "copy") == stage.keyspace.moving)
            #expect(await daemon.stop() == .exited(0))
            #expect(try await history(stage).filter { $0 == "paused" || $0 == "resumed" } == ["paused", "resumed"])
        }
    }

    @Test("A pause whose message is lost holds all the same")
    func messageLost() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let daemon = try await stage.daemon(Self.lazy.merging(Stage.slow) { $1 })
            try await daemon.waitForLine("step started", "phase=apply")
            try await stage.send("SET", Self.pauseKey, #"{"by":"ann@ops1"}"#)
            let line = try await daemon.waitForLine("waiting", "reason=Paused", timeout: .seconds(10))
            #expect(line.contains("ann@ops1"), "\(line)")
            #expect(try await stage.lock() == nil)
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("A pause stops a phase by hand too, and says who gave it")
    func pauseByHand() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let apply = try await stage.start("-migration", "001_hash_tags", "apply", "-auto-approve", with: Stage.slow)
            try await eventually(timeout: .seconds(20), "copies") { try await stage.calls(of: "copy") > 10 }
            #expect(try await stage.run("pause", "--reason", "by ann").exitStatus == 0)
            #expect(try await apply.waitForExit(timeout: .seconds(10)) == .exited(75))
            #expect(apply.standardError.contains("by ann"), "\(apply.standardError)")
            #expect(try await stage.lock() == nil)
            #expect(try await stage.phase() == "applying")
        }
    }

    @Test("A pause with --for ends by itself")
    func pauseEnds() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let pause = try await stage.run("pause", "--for", "2s")
            #expect(pause.exitStatus == 0, "\(pause)")
            #expect(try await object(stage, Self.pauseKey)["until"] is String)
            #expect(try await stage.send("PTTL", Self.pauseKey).integer.map { (1...2000).contains($0) } == true)
            let early = try await stage.converge()
            #expect(early.exitStatus == 75, "\(early)")
            try await eventually(timeout: .seconds(10), "its end") { try await stage.text(Self.pauseKey) == nil }
            #expect(try await stage.converge().exitStatus == 0)
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("A pin takes the place of the target, unpin gives it back, both at once")
    func pin() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            #expect(try await stage.run("pin", "0", "--reason", "not before noon").exitStatus == 0)
            let daemon = try await stage.daemon(Self.lazy)
            try await daemon.waitForLine("converged")
            #expect(try await stage.text("outpost:schema:version") == nil)
            let status = try await stage.run("status", "--output", "json", with: Stage.untended)
            let document = try JSONSerialization.jsonObject(with: Data(status.standardOutput.utf8)) as? [String: Any]
            #expect(document?["target"] as? Int == 0 && document?["target_from"] as? String == "pin", "\(status)")
            #expect((document?["pin"] as? [String: Any])?["reason"] as? String == "not before noon")
            let other = try await stage.run(["converge", "--target", "1"], with: Stage.untended)
            #expect(other.exitStatus == 75 && other.standardError.contains("not before noon"), "\(other)")

            #expect(try await stage.run("unpin").exitStatus == 0)
            try await daemon.waitForLine("step finished", "phase=cleanup", timeout: .seconds(20))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            let below = try await stage.run("pin", "0")
            #expect(below.exitStatus == 64 && below.standardError.contains("no way back"), "\(below)")
            #expect(!below.standardError.contains("Usage"), "\(below)")
            #expect(try await stage.text(Self.pinKey) == nil)
            let unknown = try await stage.run("pin", "9")
            #expect(unknown.exitStatus == 64 && unknown.standardError.contains("up to 3"), "\(unknown)")
            #expect(unknown.standardError.hasPrefix("migrateredis: ") && !unknown.standardError.contains("Usage"))
            #expect(try await stage.text(Self.pinKey) == nil)
            #expect(try await stage.run("pin", "9", "--force").exitStatus == 0)
            #expect(try await object(stage, Self.pinKey)["version"] as? Int == 9)
        }
    }

    @Test("A pin that is no pin stalls, and neither target counts")
    func oddPin() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await stage.send("SET", Self.pinKey, "yes")
            let result = try await stage.converge()
            #expect(result.exitStatus == 1 && result.standardError.contains(Self.pinKey), "\(result)")
            #expect(try await stage.snapshot() == stage.before)
        }
    }

    @Test("An approval that is revoked in the middle of a cleanup holds from the next batch")
    func revoke() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let gated = ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]
            #expect(try await stage.converge(with: gated).exitStatus == 0)
            let none = try await stage.run("revoke", "001_hash_tags")
            #expect(none.exitStatus == 64, "\(none)")
            let daemon = try await stage.daemon(gated.merging(Self.lazy) { $1 }.merging(Stage.slow) { $1 })
            try await daemon.waitForLine("converged", "reason=CleanupPending")
            #expect(try await stage.run("approve", "001_hash_tags", with: gated).exitStatus == 0)
            try await eventually(timeout: .seconds(30), "removals") { try await stage.calls(of: "unlink") > 20 }
            #expect(try await stage.run("revoke", "001_hash_tags", "--reason", "wait").exitStatus == 0)
            try await eventually(timeout: .seconds(10), "the lock") { try await stage.lock() == nil }
            let names = Set(try await stage.snapshot().records.keys)
            let left = stage.keyspace.newNames.keys.filter(names.contains)
            #expect(!left.isEmpty && left.count < stage.keyspace.moving, "\(left.count)")
            try await eventually(timeout: .seconds(5), "a word") {
                daemon.lines("converged", "wait for approval").count == 2
            }
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("retry: a failed migration is tried again, once")
    func retry() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await stage.send("HSET", "tenant:{t0}:destination:d1", "id", "d1", "config", "somebody else's")
            let daemon = try await stage.daemon(Self.lazy)
            try await daemon.waitForLine("stalled", "reason=ConflictsFound")
            let scans = try await stage.calls(of: "scan")
            #expect(try await stage.run("reconcile").exitStatus == 0)
            try await Task.sleep(for: .seconds(1))
            #expect(try await stage.calls(of: "scan") == scans, "to look is not to try again")

            // In vain: it fails again, and then no more.
            #expect(try await stage.run("retry", "001_hash_tags").exitStatus == 0)
            try await eventually(timeout: .seconds(20), "a second stall") { daemon.lines("stalled").count == 2 }
            let tried = try await stage.calls(of: "scan")
            #expect(tried > scans)
            #expect(try await stage.run("reconcile").exitStatus == 0)
            try await Task.sleep(for: .seconds(1))
            #expect(try await stage.calls(of: "scan") == tried)

            try await stage.send("UNLINK", "tenant:{t0}:destination:d1")
            #expect(try await stage.run("retry").exitStatus == 0)
            try await daemon.waitUntilConverged(timeout: .seconds(20))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            let unknown = try await stage.run("retry", "004_unknown")
            #expect(unknown.exitStatus == 64, "\(unknown)")
        }
    }

    @Test("verify: new keys in use are accepted up to the number that was listed")
    func acceptInUse() async throws {
        try await withStage(Keyspace(tenants: 20)) { stage in
            let hand = ["-migration", "001_hash_tags"]
            #expect(try await stage.run(hand + ["apply", "-auto-approve"]).exitStatus == 0)
            let early = try await stage.run("approve", "001_hash_tags", "verify")
            #expect(early.exitStatus == 64, "\(early)")
            let names = stage.keyspace.newNames.values.sorted()
            for name in names.prefix(30) { try await stage.send("HSET", name, "used", "yes") }
            let invalid = try await stage.run(hand + ["verify"])
            #expect(invalid.exitStatus == 1 && invalid.standardOutput.contains("30 pairs are inUse"), "\(invalid)")
            #expect(try await stage.state()?["in_use"] as? Int == 30)

            // Without a phase it is the gate that waits.
            let approve = try await stage.run("approve", "001_hash_tags")
            #expect(approve.exitStatus == 0 && approve.standardOutput.contains("at most 30"), "\(approve)")
            try await stage.send("HSET", names[30], "used", "yes")
            #expect(try await stage.run(hand + ["apply", "-auto-approve"]).exitStatus == 0)
            let more = try await stage.run(hand + ["verify"])
            #expect(more.exitStatus == 1 && more.standardOutput.contains("31 pairs are inUse"), "\(more)")

            #expect(try await stage.run("approve", "001_hash_tags").exitStatus == 0)
            #expect(try await stage.run(hand + ["apply", "-auto-approve"]).exitStatus == 0)
            let valid = try await stage.run(hand + ["verify"])
            #expect(valid.exitStatus == 0, "\(valid)")
            #expect(try await stage.text("outpost:schema:version") == "1")
            #expect(try await stage.text("outpost:migration:001_hash_tags:approval") == nil, "it serves once")
            #expect(try await stage.state()?["in_use"] == nil)
        }
    }

    @Test("A daemon that hears nothing any more listens again, and asks for no more than before")
    func subscriptionLost() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let daemon = try await stage.daemon(Self.lazy)
            try await daemon.waitUntilConverged()
            let calls = { try await stage.calls(of: "subscribe") }
            try await eventually(timeout: .seconds(10), "a subscription") { try await calls() == 1 }
            try await stage.send("CLIENT", "KILL", "TYPE", "pubsub")
            try await eventually(timeout: .seconds(20), "another subscription") { try await calls() == 2 }
            #expect(try await stage.run("pause").exitStatus == 0)
            try await daemon.waitForLine("waiting", "reason=Paused", timeout: .seconds(5))
            try await Task.sleep(for: .seconds(1))
            let before = try await stage.calls(of: "get")
            try await Task.sleep(for: .seconds(3))
            #expect(try await stage.calls(of: "get") == before, "nobody asks while nothing is due")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("In a cluster the message reaches the daemon, whatever node it listens to", arguments: [1])
    func cluster(_: Int) async throws {
        try await withClusterStage(Keyspace(tenants: 20)) { stage in
            let daemon = try await stage.daemon(Self.lazy.merging(Stage.slow) { $1 })
            try await daemon.waitForLine("step started", "phase=apply")
            #expect(try await stage.run("pause", "--reason", "in a cluster").exitStatus == 0)
            let line = try await daemon.waitForLine("waiting", "reason=Paused", timeout: .seconds(15))
            #expect(line.contains("in a cluster"), "\(line)")
            #expect(try await stage.run("resume").exitStatus == 0)
            try await daemon.waitForLine("step finished", "phase=apply", timeout: .seconds(60))
            #expect(await daemon.stop() == .exited(0))
            let history = try await stage.run("history", "--count", "3")
            #expect(history.exitStatus == 0 && history.standardOutput.contains("work resumed"), "\(history)")
        }
    }
}
