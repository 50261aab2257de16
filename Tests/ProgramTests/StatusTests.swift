import Foundation
import TestSupport
import Testing

@Suite("status for programs")
struct StatusTests {
    @Test("--output json has the documented fields, before, between and after")
    func document() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let before = try await json(stage)
            #expect(before["version"] as? Int == 0)
            #expect(before["target"] as? Int == 1)
            let next = try #require(before["next"] as? [String: Any])
            #expect(next["action"] as? String == "plan")
            #expect(next["migration"] as? String == "001_hash_tags")
            #expect(Set(["action", "migration", "reason", "message"]).isSuperset(of: next.keys))
            let server = try #require(before["server"] as? [String: Any])
            #expect((server["address"] as? String)?.contains(stage.server.socketPath) == true)
            #expect((server["run_id"] as? String)?.count == 40)
            #expect(server["version"] is String)
            let conditions = try #require(before["conditions"] as? [[String: Any]])
            #expect(
                conditions.compactMap { $0["type"] as? String } == [
                    "Ready", "Reconciling", "Stalled", "CleanupPending", "KeysHeld",
                ]
            )
            for condition in conditions {
                #expect(Set(condition.keys) == ["type", "status", "reason", "message"])
            }

            #expect(try await stage.converge(with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]).exitStatus == 0)
            let between = try await json(stage, with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"])
            #expect(between["version"] as? Int == 1)
            let migration = try #require((between["migrations"] as? [[String: Any]])?.first)
            #expect(migration["name"] as? String == "001_hash_tags")
            #expect(migration["version"] as? Int == 1)
            #expect(migration["phase"] as? String == "verified")
            #expect(migration["errors"] as? [String] == [])
            #expect(migration["description"] is String)
            let progress = try #require(migration["progress"] as? [String: Any])
            #expect(Set(progress.keys) == ["total_items", "processed_items", "failed_items", "skipped_items"])
            #expect(progress["total_items"] as? Int == stage.keyspace.moving)
            let verification = try #require(migration["verification"] as? [String: Any])
            #expect(verification["compared_pairs"] as? Int == stage.keyspace.moving)
            #expect(try condition("Ready", of: between)["status"] as? String == "True")
            #expect(try condition("CleanupPending", of: between)["status"] as? String == "True")
            #expect(try condition("CleanupPending", of: between)["reason"] as? String == "CleanupNeedsApproval")

            #expect(try await stage.converge().exitStatus == 0)
            let after = try await json(stage)
            #expect(((after["migrations"] as? [[String: Any]])?.first)?["phase"] as? String == "cleaned")
            #expect(try condition("CleanupPending", of: after)["status"] as? String == "False")
            #expect(after["lock"] == nil)
        }
    }

    @Test("The lock's holder is in the document while one works")
    func holder() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow, arguments: ["--instance", "blue"])
            try await eventually(timeout: .seconds(30), "the lock for apply") { try await stage.phase() == "applying" }
            let document = try await json(stage)
            let lock = try #require(document["lock"] as? [String: Any])
            let holder = try #require(lock["holder"] as? String)
            #expect(holder.contains("process \(daemon.pid)"))
            #expect(holder.contains("/blue"))
            #expect(lock["migration"] as? String == "001_hash_tags")
            #expect(lock["foreign"] as? Bool == false)
            #expect(lock["since"] is String)
            let left = try #require(lock["expires_in_s"] as? Int)
            #expect((3500...3600).contains(left))
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("--check: 1 on its way, 0 converged, 2 stalled, 3 unknown")
    func check() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let begun = try await check(stage)
            #expect(begun == 1)
            #expect(try await check(stage, with: ["MIGRATEREDIS_SCHEMA_TARGET": "99"]) == 2)
            #expect(try await stage.converge(with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]).exitStatus == 0)
            #expect(try await check(stage, with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]) == 0)
            #expect(try await stage.converge().exitStatus == 0)
            #expect(try await check(stage) == 0)
            #expect(try await check(stage, with: ["MIGRATEREDIS_SCHEMA_TARGET": "0"]) == 2)
            #expect(try await check(stage, with: ["REDIS_SOCKET": stage.server.directory + "/none.sock"]) == 3)
            #expect(try await check(stage, with: ["MIGRATEREDIS_SCHEMA_TARGET": "many"]) == 3)
        }
    }

    @Test("Redis away, or closed to the user: JSON says so all the same, and the exit status too")
    func unreachable() async throws {
        try await withStage(Keyspace(tenants: 1), password: "secret") { stage in
            let none = stage.server.directory + "/none.sock"
            for (variables, exit, reason, ready) in [
                (["REDIS_SOCKET": none], Int32(69), "RedisUnreachable", "Unknown"),
                (["REDIS_PASSWORD": "wrong"], 77, "PermissionDenied", "False"),
            ] {
                let result = try await stage.run(["status", "--output", "json"], with: variables)
                #expect(result.exitStatus == exit, "\(result)")
                let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
                let document = try #require(object as? [String: Any])
                #expect((document["next"] as? [String: Any])?["reason"] as? String == reason)
                #expect(try condition("Ready", of: document)["status"] as? String == ready)
                #expect(document["version"] == nil && document["time"] == nil)
                let text = try await stage.run(["status"], with: variables)
                #expect(text.exitStatus == exit && text.standardOutput.isEmpty, "\(text)")
                #expect(
                    try await stage.run(["status", "--output", "json", "--check"], with: variables).exitStatus == 3
                )
            }
        }
    }

    private func check(_ stage: Stage, with variables: [String: String] = [:]) async throws -> Int32? {
        try await stage.run(["status", "--check"], with: Stage.untended.merging(variables) { $1 }).exitStatus
    }

    private func json(_ stage: Stage, with variables: [String: String] = [:]) async throws -> [String: Any] {
        let result = try await stage.run(
            ["status", "--output", "json"],
            with: Stage.untended.merging(variables) { $1 }
        )
        #expect(result.exitStatus == 0, "\(result)")
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
        return try #require(object as? [String: Any])
    }

    private func condition(_ type: String, of document: [String: Any]) throws -> [String: Any] {
        let conditions = try #require(document["conditions"] as? [[String: Any]])
        return try #require(conditions.first { $0["type"] as? String == type })
    }
}
