import Foundation
import TestSupport
import Testing

/// What `status` tells of daemons, from another process and, as it were, another host.
@Suite("Daemons are visible")
struct VisibleDaemonTests {
    private static let target = ["MIGRATEREDIS_SCHEMA_TARGET": "1"]

    private func text(_ stage: Stage) async throws -> String {
        let status = try await stage.run("status", with: Self.target)
        #expect(status.exitStatus == 0, "\(status)")
        return status.standardOutput
    }

    /// What `status` says once it contains this: a daemon looks once more when it has begun to listen.
    private func text(_ stage: Stage, containing words: String) async throws -> String {
        var told = ""
        try await eventually("“\(words)”") {
            told = try await text(stage)
            return told.contains(words)
        }
        return told
    }

    private func check(_ stage: Stage) async throws -> Int32? {
        try await stage.run("status", "--check", with: Self.target).exitStatus
    }

    private func json(_ stage: Stage) async throws -> [String: Any] {
        let status = try await stage.run("status", "--output", "json", with: Self.target)
        let object = try JSONSerialization.jsonObject(with: Data(status.standardOutput.utf8))
        return try #require(object as? [String: Any])
    }

    @Test("None is told while there is none; one that ends takes its word back, and one that is killed is gone")
    func comings() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            #expect(try await text(stage).contains("Daemon     none has told of itself"))
            let daemon = try await stage.daemon()
            try await daemon.waitUntilConverged()
            try await eventually("it tells of itself") {
                try await text(stage).contains("(process \(daemon.pid)), 0.1.0: converged; looks again in ")
            }
            #expect(await daemon.stop() == .exited(0))
            #expect(try await text(stage).contains("Daemon     none has told of itself"))

            let killed = try await stage.daemon()
            try await killed.waitUntilConverged()
            try await eventually("it tells of itself") { try await text(stage).contains("(process \(killed.pid))") }
            killed.signal(SIGKILL)
            _ = try await killed.waitForExit()
            // Its record ends in a minute; here it ends at once.
            let key = "outpost:migration:daemons"
            let field = try #require(try await stage.send("HKEYS", key).elements.compactMap(\.text).first)
            let record = try #require(try await stage.send("HGET", key, field).text)
            let past = record.replacing(/"until":\d+/, with: "\"until\":\(try await stage.time() - 1000)")
            try await stage.send("HSET", key, field, past)
            #expect(try await text(stage).contains("(process \(killed.pid)), 0.1.0: gone; it was last heard of"))
            let old = record.replacing(/"until":\d+/, with: "\"until\":\(try await stage.time() - 3_601_000)")
            try await stage.send("HSET", key, field, old)
            #expect(try await text(stage).contains("Daemon     none has told of itself"))
        }
    }

    @Test(
        "What a daemon stalls on is what status says, with the failure and the next try",
        arguments: ["-unlink", "-exec"]
    )
    func stalled(missing: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("ACL", "SETUSER", LeastPrivilege.user, missing)
            let daemon = try await stage.daemon()
            _ = try await daemon.waitForLine("stalled", "PermissionDenied")
            // One look finds nothing in the way: it does not ask for permissions.
            let told = try await text(stage, containing: "Stalled    PermissionDenied: ")
            #expect(told.contains("stalled (PermissionDenied) for "), "\(told)")
            #expect(told.contains("looks again in "), "\(told)")
            #expect(told.contains("+" + missing.dropFirst()), "\(told)")
            #expect(try await check(stage) == 3)
            try await stage.send("ACL", "SETUSER", LeastPrivilege.user, "+" + missing.dropFirst())
            #expect(try await stage.run("retry").exitStatus == 0)
            try await daemon.waitUntilConverged()
            try await eventually("and that it goes on") { try await text(stage).contains("converged; looks again") }
            #expect(try await check(stage) == 0)
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("Data that a daemon saw disappear are told by status, although one look sees only an empty database")
    func lost() async throws {
        try await withStage(Keyspace(tenants: 20)) { stage in
            let daemon = try await stage.daemon()
            try await daemon.waitUntilConverged()
            try await stage.send("FLUSHALL")
            _ = try await daemon.waitForLine("stalled", "DataLost")
            try await eventually("it tells of it") { try await text(stage).contains("Stalled    DataLost: ") }
            #expect(try await check(stage) == 2)
            let next = try #require(try await json(stage)["next"] as? [String: Any])
            #expect(next["reason"] as? String == "DataLost")
            #expect((next["by"] as? String)?.contains("(process \(daemon.pid))") == true)
            // Its own word is no key of the database: a second daemon finds it as empty as it is.
            let again = try await stage.daemon()
            _ = try await again.waitForLine("converged")
            #expect(await again.stop() == .exited(0))
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("Work of every phase is told with how far it is, which never goes backwards within a walk")
    func working() async throws {
        try await withStage(Keyspace(tenants: 150)) { stage in
            let daemon = try await stage.daemon(["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "60"])
            var phases: Set<String> = []
            var last: (action: String, walk: Int, processed: Int)?
            try await eventually(timeout: .seconds(120), "apply and verify are seen") {
                let document = try await json(stage)
                for daemon in document["daemons"] as? [[String: Any]] ?? [] {
                    guard let action = daemon["action"] as? String, let progress = daemon["progress"] as? [String: Any],
                        let walk = progress["walk"] as? Int, let processed = progress["processed"] as? Int
                    else { continue }
                    if let last, last.action == action { #expect((walk, processed) >= (last.walk, last.processed)) }
                    last = (action, walk, processed)
                    let next = try #require(document["next"] as? [String: Any])
                    if next["by"] is String, next["action"] as? String == action { phases.insert(action) }
                }
                return phases.isSuperset(of: ["apply", "verify"])
            }
            let lock = try await text(stage)
            #expect(!lock.contains("Waiting    LockHeld"), "\(lock)")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("What anybody wrote in the place of a record is no record, or is shown without what moves a cursor")
    func forged() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let key = "outpost:migration:daemons"
            let now = try await stage.time()
            let record =
                #"{"action":"stall","at":\#(now),"format":1,"holder":"h\u001b[31m","kind":"daemon","message":"\u202e\u001b[2J","#
                + #""reason":"DataLost","since":-5,"until":\#(now + 60_000),"version":"\u009b1m"}"#
            try await stage.send("HSET", key, "h\u{1B}[31m", record, "x", "{", "y", #"{"format":1}"#, "z", record)
            let told = try await text(stage)
            #expect(told.contains("Stalled    DataLost"), "\(told)")
            #expect(!told.unicodeScalars.contains { ["\u{1B}", "\u{9B}", "\u{202E}"].contains($0) }, "\(told)")
            #expect(told.components(separatedBy: "Daemon     ").count == 2, "the one whose name it is: \(told)")
            try await stage.send("DEL", key)
            try await stage.send("HSET", key, "x", String(repeating: "x", count: 30_000_000))
            #expect(try await text(stage).contains("Daemon     none"))
            try await stage.send("DEL", key)
            try await stage.send("SET", key, "x")
            #expect(try await text(stage).contains("Daemon     none"))
            #expect(try await stage.converge().exitStatus == 0)
        }
    }
}
