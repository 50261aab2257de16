import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

/// The locks of Outpost's own migrators: waited for, held beside ours, given back by their owner.
@Suite("Beside Outpost: its locks")
struct OutpostLockTests {
    private static let migration = "001_hash_tags"
    private static let today = ".outpost:migration_lock"
    private static let before = ".outpost:migration:lock"
    private static let locks = [today, before]
    private static let own = "outpost:migration:lock"
    private static let apply = ["-migration", migration, "-auto-approve", "apply"]
    private static let quick = [
        "MIGRATEREDIS_LOCK_TTL": "20s", "MIGRATEREDIS_LOCK_STALE_AFTER": "8s",
        "MIGRATEREDIS_LOCK_RENEW_INTERVAL": "100ms",
    ]

    static let held = [
        ["SET", today, "abcdef", "EX", "3600"], ["SET", before, "abcdef", "PX", "3600000", "NX"], ["SET", today, ""],
        ["RPUSH", before, "abcdef"], ["HSET", today, "abcdef", "1"],
    ]

    @Test(
        "One that another tool holds is waited for and shown, its token is not, and nothing is touched",
        arguments: held
    )
    func waits(command: [String]) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send(command)
            let state = try await stage.contents()
            let writes = try await stage.writes()
            let daemon = try await stage.daemon()
            let line = try await daemon.waitForLine("waiting", "reason=LockHeld")
            #expect(line.contains(command[1]), "\(line)")
            for words in [Self.apply, ["converge"]] {
                let result = try await stage.run(words, with: Stage.untended)
                #expect(result.exitStatus == 75, "\(words): \(result)")
                #expect(result.standardError.contains("Outpost's own migrator (\(command[1])"), "\(result)")
            }
            let status = try await stage.run("status", with: Stage.untended)
            #expect(status.standardOutput.contains("held by Outpost's own migrator (\(command[1])"), "\(status)")
            #expect(status.standardOutput.contains("LockHeld"), "\(status)")
            let json = try await stage.run("status", "--output", "json")
            #expect(json.standardOutput.contains("\"foreign\" : true"), "\(json)")
            #expect(json.standardOutput.contains("\"expires_in_s\"") == (command.count > 4), "\(json)")
            let check = try await stage.run("check")
            #expect(check.standardOutput.contains(command[1]), "\(check)")
            for shown in [line, status.standardOutput, json.standardOutput, check.standardOutput] {
                #expect(!shown.contains("abcdef"), "\(shown)")
            }
            #expect(try await stage.writes() == writes)
            #expect(try await stage.contents().difference(from: state) == nil)

            let declined = try await stage.run("unlock", input: "n\n")
            #expect(declined.exitStatus == 1 && declined.standardError.contains(command[1]), "\(declined)")
            #expect(try await stage.send("EXISTS", command[1]).integer == 1)
            let unlock = try await stage.run("unlock", "-force")
            #expect(unlock.exitStatus == 0, "\(unlock)")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("A deployment waits for its own and for the one that earlier versions shared, and for no other's")
    func deployment() async throws {
        try await withStage(Keyspace()) { stage in
            try await BesideOutpostTests.allow(stage, "dp_1")
            try await stage.send("HSET", "dp_1:tenant:{acme}:tenant", "id", "acme")
            let id = ["DEPLOYMENT_ID": "dp_1"]
            for key in ["dp_1:\(Self.today)", "dp_1:\(Self.before)", Self.before] {
                try await stage.send("SET", key, "abcdef", "EX", "3600")
                let result = try await stage.run("converge", "--target", "latest", with: id)
                #expect(result.exitStatus == 75 && result.standardError.contains(key), "\(key): \(result)")
                let unlock = try await stage.run("unlock", "-force", with: id)
                #expect(unlock.exitStatus == 0, "\(unlock)")
                #expect(try await stage.send("EXISTS", key).integer == 0)
            }
            // Another deployment's, and that of a program of ours which works on keys without an id.
            try await stage.send("SET", Self.today, "abcdef", "EX", "3600")
            let ours = "migrateredis:00112233445566778899aabbccddeeff"
            try await stage.send("SET", Self.before, ours, "EX", "3600")
            let result = try await stage.run("converge", "--target", "latest", with: id)
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.text(Self.today) == "abcdef")
            #expect(try await stage.text(Self.before) == ours)
            #expect(try await stage.send("KEYS", "dp_1:.outpost:*").elements.compactMap(\.text).isEmpty)
        }
    }

    /// Runs a body while a slow apply works; how that ends is the result.
    private func whileApplying(
        _ stage: Stage,
        _ body: () async throws -> Void
    ) async throws -> (status: Termination, words: String) {
        let apply = try await stage.start(
            "-migration",
            Self.migration,
            "-auto-approve",
            "apply",
            with: Stage.slow.merging(Self.quick) { $1 }
        )
        try await eventually(timeout: .seconds(30), "apply") { try await stage.phase() == "applying" }
        try await body()
        let status = try await apply.waitForExit(timeout: .seconds(60))
        return (status, apply.standardError)
    }

    @Test("While we work both are ours, renewed, with an end, and not to be had; then both are given back")
    func areHeld() async throws {
        try await withStage(Keyspace(tenants: 30)) { stage in
            let ended = try await whileApplying(stage) {
                let token = try #require(try await stage.lock()?["token"] as? String)
                for key in Self.locks {
                    #expect(try await stage.send("SET", key, "theirs", "NX", "PX", "3600000").isNull, "\(key)")
                    #expect(try await stage.text(key) == "migrateredis:\(token)", "\(key)")
                    try await stage.send("PEXPIRE", key, "3000")
                    try await eventually("the renewal of \(key)") {
                        try await stage.send("PTTL", key).integer ?? 0 > 10_000
                    }
                    #expect(try await stage.send("PTTL", key).integer ?? 0 <= 20_000)
                }
            }
            #expect(ended.status == .exited(0), "\(ended)")
            for key in Self.locks + [Self.own] { #expect(try await stage.send("EXISTS", key).integer == 0, "\(key)") }
        }
    }

    @Test("One that is removed while we work stops us, as the removal of our own does", arguments: locks)
    func removed(key: String) async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let ended = try await whileApplying(stage) { try await stage.send("DEL", key) }
            #expect(ended.status == .exited(1), "\(ended)")
            #expect(ended.words.contains(key) && ended.words.contains("was removed"), "\(ended)")
            for key in Self.locks + [Self.own] { #expect(try await stage.send("EXISTS", key).integer == 0, "\(key)") }
        }
    }

    @Test("One that another tool takes all the same stops us with 75, and stays its", arguments: locks + [own])
    func overwritten(key: String) async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let text = "migration=001_hash_tags, started=2026-01-01T00:00:00Z"
            let ended = try await whileApplying(stage) { try await stage.send("SETEX", key, "3600", text) }
            #expect(ended.status == .exited(75), "\(ended)")
            #expect(try await stage.text(key) == text)
            for other in Self.locks + [Self.own] where other != key {
                #expect(try await stage.send("EXISTS", other).integer == 0, "\(other)")
            }
            let again = try await stage.run(Self.apply)
            #expect(again.exitStatus == 75, "\(again)")
        }
    }

    @Test("What a killed program of ours left is taken over with its lock, or removed by unlock")
    func leftBehind() async throws {
        try await withStage(Keyspace(tenants: 30)) { stage in
            for removesOwn in [false, true] {
                let apply = try await stage.start(
                    "-migration",
                    Self.migration,
                    "-auto-approve",
                    "apply",
                    with: Stage.slow
                )
                try await eventually(timeout: .seconds(30), "the locks") { try await stage.text(Self.today) != nil }
                apply.signal(SIGKILL)
                _ = try await apply.waitForExit()
                if removesOwn {
                    try await stage.send("DEL", Self.own)
                    let unlock = try await stage.run("unlock", "-force")
                    #expect(unlock.exitStatus == 0 && unlock.standardError.contains("left behind"), "\(unlock)")
                    for key in Self.locks { #expect(try await stage.send("EXISTS", key).integer == 0, "\(key)") }
                } else {
                    let fast = try await stage.run(Self.apply, timeout: .seconds(60))
                    #expect(fast.exitStatus == 0, "\(fast)")
                    for key in Self.locks { #expect(try await stage.send("EXISTS", key).integer == 0, "\(key)") }
                    let rollback = try await stage.run("-migration", Self.migration, "-force", "rollback")
                    #expect(rollback.exitStatus == 0, "\(rollback)")
                }
            }
        }
    }

    @Test("The original tool's text is read: for which migration, and since when")
    func originalText() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await stage.send("SETEX", Self.own, "3600", "migration=001_hash_tags, started=2026-11-28T20:14:50Z")
            let words = "the original tool for 001_hash_tags since 2026-11-28T20:14:50Z"
            let status = try await stage.run("status", with: Stage.untended)
            #expect(status.standardOutput.contains(words), "\(status)")
            let json = try await stage.run("status", "--output", "json")
            let object = try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8)) as? [String: Any]
            let lock = try #require(object?["lock"] as? [String: Any])
            #expect(lock["migration"] as? String == "001_hash_tags", "\(lock)")
            #expect(lock["since"] as? String == "2026-11-28T20:14:50Z" && lock["foreign"] as? Bool == true, "\(lock)")
            let apply = try await stage.run(Self.apply)
            #expect(apply.exitStatus == 75 && apply.standardError.contains(words), "\(apply)")
            let unlock = try await stage.run("unlock", "-force")
            #expect(unlock.exitStatus == 0 && unlock.standardError.contains(words), "\(unlock)")
            #expect(try await stage.run(Self.apply).exitStatus == 0)
        }
    }

    @Test("A user who lacks one of them is told the rule that is missing, before anything is touched", arguments: locks)
    func withoutPermission(key: String) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let rules = try LeastPrivilege.rule().filter { $0 != "~\(key)" }
            try await stage.send(["ACL", "SETUSER", LeastPrivilege.user, "reset"] + rules)
            let changes = try await stage.changes()
            let converge = try await stage.converge()
            #expect(converge.exitStatus == 77 && converge.standardError.contains("~\(key)"), "\(converge)")
            let check = try await stage.run("check")
            #expect(check.exitStatus == 77 && check.standardOutput.contains("~\(key)"), "\(check)")
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("Ten starts of ours and a loop that takes Outpost's lock take turns, and never work at once")
    func inTurn() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            let isDone = Flag()
            let overlaps = Overlaps()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    let connection = try await stage.connect()
                    var turns = 0
                    while !isDone.isRaised {
                        let reply = try await connection.send("SET", Self.today, "x", "NX", "PX", "10000")
                        guard !reply.isNull else { continue }
                        turns += 1
                        // What stands there now must not change while it is held: no lock and no epoch of ours.
                        let first = try await Self.traces(of: connection)
                        try await Task.sleep(for: .milliseconds(30))
                        let last = try await Self.traces(of: connection)
                        if first != last || last.lock != nil { overlaps.add("\(first) and then \(last)") }
                        _ = try await connection.send("DEL", Self.today)
                        try await Task.sleep(for: .milliseconds(Int.random(in: 1...60)))
                    }
                    await connection.close()
                    if turns < 3 { overlaps.add("The loop had only \(turns) turns.") }
                }
                try await withThrowingTaskGroup { starts in
                    for _ in 0..<10 {
                        starts.addTask {
                            var statuses: [Int32?] = []
                            for _ in 0..<200 {
                                let result = try await stage.run(Self.apply)
                                statuses.append(result.exitStatus)
                                guard result.exitStatus == 75 else { break }
                            }
                            if statuses.last != 0 { overlaps.add("A start ended with \(statuses).") }
                        }
                    }
                    try await starts.waitForAll()
                }
                isDone.raise()
                try await group.waitForAll()
            }
            #expect(overlaps.all.isEmpty, "\(overlaps.all)")
            for key in Self.locks + [Self.own] { #expect(try await stage.send("EXISTS", key).integer == 0, "\(key)") }
        }
    }

    private struct Traces: Equatable {
        var lock: String?
        var epoch: String?
    }

    private static func traces(of connection: RedisConnection) async throws -> Traces {
        Traces(
            lock: try await connection.send("GET", own).text,
            epoch: try await connection.send("GET", "outpost:migration:epoch").text
        )
    }

    @Test("In a cluster, where each has a slot of its own, both are waited for, held, given back and cleared")
    func cluster() async throws {
        try await withClusterStage(Keyspace(tenants: 20)) { stage in
            let keyspace = try await stage.cluster.connect()
            for key in Self.locks {
                _ = try await keyspace.send("SET", Bytes(key), Bytes("abcdef"), Bytes("EX"), Bytes("3600"))
                let changes = try await stage.changes()
                let result = try await stage.converge()
                #expect(result.exitStatus == 75 && result.standardError.contains(key), "\(result)")
                #expect(try await stage.changes() == changes)
                let unlock = try await stage.run("unlock", "-force")
                #expect(unlock.exitStatus == 0, "\(unlock)")
                #expect(try await stage.text(key) == nil)
            }
            let daemon = try await stage.daemon(Stage.slow)
            for key in Self.locks {
                try await eventually(timeout: .seconds(30), "\(key) is held") {
                    try await stage.text(key)?.hasPrefix("migrateredis:") == true
                }
            }
            // A living holder stops, gives back what is left to it, and takes all of them again.
            let unlock = try await stage.run("unlock", "-force")
            #expect(unlock.exitStatus == 0, "\(unlock)")
            try await daemon.waitUntilConverged(timeout: .seconds(120))
            #expect(await daemon.stop() == .exited(0))
            for key in Self.locks + [Self.own] { #expect(try await stage.text(key) == nil, "\(key)") }
            await keyspace.close()
            expectNone(try await stage.faultOfConverged())
        }
    }
}

/// What should not have happened.
private final class Overlaps: Sendable {
    private let list = Mutex<[String]>([])

    func add(_ text: String) { list.withLock { $0.append(text) } }
    var all: [String] { list.withLock { $0 } }
}
