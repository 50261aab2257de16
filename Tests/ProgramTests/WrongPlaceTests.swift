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
            let check = try await stage.run("check", with: Stage.untended)
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

    /// What is in a keyspace that is not the one that was meant, with a part of the sentence that says so.
    struct Strange: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var id: String
        var keys: [String]
        var sentence: String
    }

    private static let strange = [
        Strange(
            testDescription: "another application's",
            id: "",
            keys: ["session:1", "user:tenant", "tenants:t0"],
            sentence: "Database 0 holds 3 keys, and none that the migrations are about"
        ),
        Strange(
            testDescription: "a deployment's with an id, and none is named",
            id: "",
            keys: ["tm_003:tenant:{t0}:tenant", "tm_003:tenant:{t0}:destinations"],
            sentence: "tm_003:tenant:{t0}"
        ),
        Strange(
            testDescription: "another deployment's",
            id: "tm_004",
            keys: ["tm_003:tenant:{t0}:tenant", "other"],
            sentence: "tm_003:tenant:{t0}:tenant is one of another"
        ),
        Strange(
            testDescription: "a deployment's without an id, and one is named",
            id: "tm_004",
            keys: ["tenant:t0", "other"],
            sentence: "tenant:t0 is one of another"
        ),
        Strange(
            testDescription: "old names behind the id, which nothing moves",
            id: "tm_003",
            keys: ["tm_003:tenant:{t0}:tenant", "tm_003:tenant:t1", "tm_003:tenant:t2"],
            sentence: "2 keys have old names of 001_hash_tags, such as tm_003:tenant:t"
        ),
    ]

    @Test("a keyspace of others is not raised by hand without --force, and the daemon warns", arguments: strange)
    func ofOthers(_ one: Strange) async throws {
        try await withStage(Keyspace(tenants: 0)) { stage in
            try await stage.send("FLUSHALL")
            if !one.id.isEmpty {
                try await stage.send("ACL", "SETUSER", LeastPrivilege.user, "allkeys", "allchannels", "+@all")
            }
            for key in one.keys { try await stage.send("HSET", key, "id", "x") }
            let version = one.id.isEmpty ? "outpost:schema:version" : "\(one.id):outpost:schema:version"
            let settings = ["DEPLOYMENT_ID": one.id].merging(Stage.untended) { $1 }
            let check = try await stage.run(["check"], with: settings)
            #expect(check.standardOutput.contains(one.sentence), "\(check)")
            for words in [["converge"], ["-migration", "001_hash_tags", "-auto-approve", "apply"]] {
                let result = try await stage.run(words, with: settings)
                #expect(result.exitStatus == 1 && result.standardError.contains(one.sentence), "\(words): \(result)")
                #expect(result.standardError.contains("--force"), "\(result)")
            }
            #expect(try await stage.text(version) == nil)
            let daemon = try await stage.daemon(settings)
            try await daemon.waitForLine("this may be the wrong database", one.sentence)
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            for key in one.keys { #expect(try await stage.send("HGET", key, "id").text == "x") }
        }
    }

    @Test("one key of the migrations is enough to know the place, wherever it stands among others")
    func known() async throws {
        try await withStage(Keyspace(tenants: 0)) { stage in
            try await stage.send("FLUSHALL")
            for number in 0..<3000 { try await stage.send("SET", "other:\(number)", "x") }
            try await stage.send("HSET", "tenant:t0", "id", "t0")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0 && !result.standardError.contains("Warning"), "\(result)")
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
