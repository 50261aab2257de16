import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

/// One test for each mechanism without which data could be lost: it fails when the mechanism is taken out, and
/// `.ci/check-seeded-bugs` shows that.
@Suite("Without it data are lost")
struct MechanismTests {
    private static let migration = ["-migration", "001_hash_tags"]

    private func byHand(_ stage: Stage, _ phase: String...) async throws -> ProcessResult {
        try await stage.run(Self.migration + phase)
    }

    @Test("The fence: an EXEC that arrives when another has done all since writes nothing")
    func lateEXEC() async throws {
        try await withGround(.server) { ground in
            let victim = Victim.byHand
            let trace = try await ground.trace(of: victim)
            let execs = trace.indices.filter { trace[$0].hasPrefix("EXEC") }
            #expect(execs.count > 20)
            let sample = CrashPoints(commands: execs.count, sample: 12)
            print("late: \(sample.description)")
            for point in sample.points {
                // The whole transaction is late, not EXEC alone: it was sent in one piece.
                let exec = execs[point - 1]
                let multi = trace[...exec].lastIndex { $0.hasPrefix("MULTI") } ?? exec
                try await ground.reset()
                ground.schedule.rearm([ProxyFault(at: multi + 1, .hold)])
                let run = try await victim.work(on: ground, victim: ProcessSlot(), heals: true)
                #expect(run.hasSucceeded, "\(run.words)")
                let before = try await ground.changes()
                ground.schedule.deliverHeld()
                #expect(try await ground.changes() == before, "the transaction at \(multi + 1) came late and wrote")
                let fault = try await ground.snapshot().difference(from: victim.expected(on: ground))
                #expect(fault == nil, "\(fault ?? "")")
            }
        }
    }

    @Test("Verify looks at every pair: of many copies one that is wrong or missing is found", arguments: 0..<4)
    func oneWrongCopy(number: Int) async throws {
        try await withStage { stage in
            let apply = try await byHand(stage, "apply", "-auto-approve")
            #expect(apply.exitStatus == 0, "\(apply)")
            let names = stage.keyspace.newNames.values.sorted()
            let victim = names[(number * names.count) / 4]
            try await stage.send("UNLINK", victim)
            let verify = try await byHand(stage, "verify")
            #expect(verify.exitStatus == 1, "without \(victim): \(verify)")
            #expect(try await stage.text("outpost:schema:version") == nil)
        }
    }

    @Test("A cursor belongs to one server process: after a restart apply begins anew, and copies all")
    func restartInMidApply() async throws {
        let durable = ["--appendonly", "yes", "--appendfsync", "always"]
        try await withStage(Keyspace(tenants: 220), arguments: durable) { stage in
            let apply = try await stage.start(
                "-migration",
                "001_hash_tags",
                "-auto-approve",
                "apply",
                with: ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "300"]
            )
            try await eventually(timeout: .seconds(30), "a checkpoint") {
                (try? await stage.text("outpost:migration:001_hash_tags:state"))?.contains("cursors") == true
            }
            apply.signal(SIGINT)
            _ = try await apply.waitForExit(timeout: .seconds(20))
            await stage.server.kill()
            try await stage.server.restart()
            let again = try await byHand(stage, "apply", "-auto-approve")
            #expect(again.exitStatus == 0, "\(again)")
            let fault = try await stage.snapshot().difference(
                from: stage.keyspace.expectedBesideOld(after: stage.before)
            )
            #expect(fault == nil, "apply is done, and \(fault ?? "")")
        }
    }

    /// Applies and verifies, then does something just when cleanup has begun; gives how cleanup ended.
    private func cleanup(
        _ stage: Stage,
        disturbedBy lines: [String]
    ) async throws -> ProcessResult {
        for phase in [["apply", "-auto-approve"], ["verify"]] {
            let result = try await stage.run(Self.migration + phase)
            #expect(result.exitStatus == 0, "\(result)")
        }
        let client = try PlainClient(stage.server)
        let isDone = Flag()
        let proxy = try CommandProxy(stage.server) { _, words in
            // The state says that cleanup has begun; the walk over the keys comes after that.
            guard !isDone.isRaised, words.contains(where: { Self.saysCleaning($0) }) else { return }
            isDone.raise()
            for line in lines { client.send(line) }
        }
        defer { proxy.close() }
        let result = try await stage.run(
            Self.migration + ["cleanup", "-force"],
            with: ["REDIS_SOCKET": proxy.socketPath]
        )
        #expect(isDone.isRaised)
        return result
    }

    private static func saysCleaning(_ word: Bytes) -> Bool {
        word.count > 20 && String(decoding: word, as: UTF8.self).contains("\"phase\":\"cleaning\"")
    }

    @Test("Nothing goes that was not copied: an old record made while cleanup begins stays, and is named")
    func recordMadeInCleanup() async throws {
        try await withStage { stage in
            let result = try await cleanup(stage, disturbedBy: ["HSET tenant:late id late name late"])
            #expect(result.exitStatus == 1, "\(result)")
            #expect((result.standardOutput + result.standardError).contains("tenant:late"), "\(result)")
            #expect(try await stage.send("HGET", "tenant:late", "name").text == "late")
        }
    }

    @Test("The base: an old record changed while cleanup begins stays with its change, and is named")
    func recordChangedInCleanup() async throws {
        try await withStage { stage in
            let result = try await cleanup(stage, disturbedBy: ["HSET tenant:t1 name changed"])
            #expect(result.exitStatus == 1, "\(result)")
            #expect((result.standardOutput + result.standardError).contains("tenant:t1"), "\(result)")
            #expect(try await stage.send("HGET", "tenant:t1", "name").text == "changed")
        }
    }

    @Test("Copy and entry are one: killed at any command of a catch-up that copies, nothing is lost")
    func killedInCatchUp() async throws {
        let late = ["HSET", "tenant:late", "id", "late", "name", "late"]
        try await withGround(.server, Keyspace(tenants: 2)) { ground in
            /// Everything up to the raise, and then a record that an old instance made.
            func prepare() async throws {
                try await ground.reset()
                for phase in [["apply", "-auto-approve"], ["verify"]] {
                    let result = try await ground.run(Self.migration + phase, with: [:])
                    #expect(result.exitStatus == 0, "\(result)")
                }
                try await ground.send(late)
            }
            try await prepare()
            let trace = Mutex<[String]>([])
            ground.schedule.rearm(hook: { _, words in
                trace.withLock { $0.append(RESPScanner.text(of: words)) }
            })
            let undisturbed = try await ground.run(["converge"], with: Stage.untended)
            #expect(undisturbed.exitStatus == 0, "\(undisturbed)")
            let copies = trace.withLock { all in all.indices.filter { all[$0].hasPrefix("COPY tenant:late") } }
            let copy = try #require(copies.first)
            for number in (copy - 3)...(copy + 7) {
                try await prepare()
                let slot = ProcessSlot()
                ground.schedule.rearm([ProxyFault(at: number, .cut)], onFault: { slot.kill() })
                let program = try await ground.start("migrateredis", ["converge"], with: Stage.untended)
                slot.fill(program.pid)
                try await program.waitForExit(timeout: .seconds(60))
                ground.schedule.heal()
                _ = try await ground.run(["converge"], with: Stage.untended)
                let name = try await ground.field("name", of: ["tenant:late", "tenant:{late}:tenant"])
                #expect(name == "late", "killed at \(number), which is \(number - copy - 1) from the copy")
            }
        }
    }
}
