import RedisClient
import TestSupport
import Testing

@Suite("In the wrong place")
struct WrongPlaceTests {
    /// Lends a stage that is a replica.
    private func withReplica(isWritable: Bool, _ body: (RedisServer, Stage) async throws -> Void) async throws {
        try await withRedisServer(tcp: true) { master in
            try await withStage(Keyspace(tenants: 0)) { stage in
                let port = try #require(master.port)
                try await stage.send("CONFIG", "SET", "replica-read-only", isWritable ? "no" : "yes")
                try await stage.send("REPLICAOF", "127.0.0.1", String(port))
                try await eventually(timeout: .seconds(30), "the first copy") {
                    try await stage.send("INFO", "replication").text?.contains("master_link_status:up") == true
                }
                try await body(master, stage)
            }
        }
    }

    @Test("a replica takes no order and no phase, with one sentence and one status", arguments: [true, false])
    func replica(isWritable: Bool) async throws {
        try await withReplica(isWritable: isWritable) { master, stage in
            let port = try #require(master.port)
            let sentence = "is a replica of 127.0.0.1:\(port)"
            for words in [
                ["pause"], ["resume"], ["pin", "1"], ["unpin"], ["approve", "001_hash_tags", "apply"],
                ["revoke", "001_hash_tags"], ["retry"], ["reconcile"], ["-force", "unlock"], ["plan"], ["converge"],
                ["-migration", "001_hash_tags", "-auto-approve", "apply"], ["-migration", "001_hash_tags", "verify"],
                ["-migration", "001_hash_tags", "-force", "cleanup"],
                ["-migration", "001_hash_tags", "-force", "rollback"],
            ] {
                let result = try await stage.run(words)
                #expect(result.exitStatus == 69 && result.standardError.contains(sentence), "\(words): \(result)")
            }
            let status = try await stage.run("status")
            #expect(status.exitStatus == 0 && status.standardOutput.contains(sentence), "\(status)")
            #expect(try await stage.run("status", "--check").exitStatus == 3)
            let check = try await stage.run("check")
            #expect(check.exitStatus == 69 && check.standardOutput.contains("a replica of 127.0.0.1"), "\(check)")
            let daemon = try await stage.daemon()
            try await daemon.waitForLine("waiting", "reason=NotMaster")
            // The master comes back under the same address.
            try await stage.send("REPLICAOF", "NO", "ONE")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.text("outpost:migration:pause") == nil)
        }
    }

    @Test("an empty database beside a full one is not raised by hand without --force, and the daemon warns")
    func emptyDatabase() async throws {
        try await withStage(Keyspace(tenants: 3), database: 5) { stage in
            let wrong = "Database 0 is empty, and database 5 holds"
            let check = try await stage.run("check")
            #expect(check.exitStatus == 0 && check.standardOutput.contains(wrong), "\(check)")
            let plan = try await stage.run("plan")
            #expect(plan.exitStatus == 0 && plan.standardError.contains(wrong), "\(plan)")
            for words in [["converge"], ["-migration", "001_hash_tags", "-auto-approve", "apply"]] {
                let result = try await stage.run(words)
                #expect(result.exitStatus == 1 && result.standardError.contains(wrong), "\(words): \(result)")
                #expect(result.standardError.contains("--force"), "\(result)")
            }
            #expect(try await stage.text("outpost:schema:version") == nil)
            let daemon = try await stage.daemon()
            try await daemon.waitForLine("this may be the wrong database", wrong)
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            // Now it is ours, and nobody is asked any more.
            let again = try await stage.run(["converge"], with: Stage.untended)
            #expect(again.exitStatus == 0, "\(again)")
        }
    }

    @Test("with --force it is raised, and so is a server without any key, which is a new one")
    func forced() async throws {
        try await withStage(Keyspace(tenants: 3), database: 5) { stage in
            let result = try await stage.run(["-force", "converge"], with: Stage.untended)
            #expect(
                result.exitStatus == 0 && result.standardError.contains("Warning: Database 0 is empty"),
                "\(result)"
            )
        }
        try await withStage(Keyspace(tenants: 0)) { stage in
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
        }
    }
}
