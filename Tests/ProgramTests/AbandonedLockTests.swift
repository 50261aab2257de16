import Foundation
import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// A program that runs once has not seen the lock before: it watches it, as a daemon does.
@Suite("A lock whose holder is gone, by hand")
struct AbandonedLockTests {
    /// A lock of another host, renewed every 0.2 s and stale after 1.5 s.
    private func lock(_ change: (inout LockRecord) -> Void = { _ in }) throws -> String {
        let times = LockTimes(
            timeToLive: .seconds(600),
            renewInterval: .milliseconds(200),
            staleAfter: .milliseconds(1500)
        )
        var record = LockRecord(identity: .named("db9"), times: times, migration: "001_hash_tags", at: .now)
        change(&record)
        return String(decoding: try StoredDocument.encode(record), as: UTF8.self)
    }

    private let name = "outpost:migration:lock"

    @Test(
        "it is watched and taken over, with a word",
        arguments: [["converge"], ["-auto-approve", "apply", "001_hash_tags"]]
    )
    func takenOver(words: [String]) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("SET", name, lock(), "PX", "600000")
            let result = try await stage.run(words, with: Stage.untended)
            #expect(result.exitStatus == 0, "\(result)")
            #expect(result.standardError.contains("held by db9"), "\(result)")
            #expect(result.standardError.contains("Waiting: unless its holder renews it"), "\(result)")
            #expect(try await stage.text(name) == nil)
        }
    }

    @Test(
        "its holder renews it: 75, with what ends it",
        arguments: [["converge"], ["-auto-approve", "apply", "001_hash_tags"]]
    )
    func renewed(words: [String]) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let lock = try lock()
            try await stage.send("SET", name, lock, "PX", "600000")
            let renewal = Task {
                while !Task.isCancelled {
                    try await stage.send("PEXPIRE", name, "600000")
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            let result = try await stage.run(words, with: Stage.untended)
            renewal.cancel()
            #expect(result.exitStatus == 75 && result.standardError.contains("migrateredis unlock"), "\(result)")
            #expect(try await stage.text(name) == lock)
        }
    }

    @Test("Ctrl-C ends the wait, and the lock stays")
    func interrupted() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let lock = try lock { $0.staleAfter = 120_000 }
            try await stage.send("SET", name, lock, "PX", "600000")
            let apply = try await stage.start("-auto-approve", "apply", "001_hash_tags")
            try await eventually(timeout: .seconds(20), "the wait") { apply.standardError.contains("Waiting: unless") }
            apply.signal(SIGINT)
            let end = try await apply.waitForExit()
            #expect(end == .exited(75))
            #expect(try await stage.text(name) == lock)
        }
    }

    @Test("its number is another process's by now: taken at once")
    func reusedNumber() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let me = HolderIdentity.current(instance: "", version: "")
            let lock = try lock { record in
                record.bootID = me.bootID
                record.pidNamespace = me.processNamespace
                record.pid = me.processID
                record.pidStart = me.processStart.map { $0 - 1 }
                record.staleAfter = 120_000
            }
            try await stage.send("SET", name, lock, "PX", "600000")
            let unlock = try await stage.run("unlock", input: "n\n")
            #expect(unlock.standardError.contains("on this host is dead"), "\(unlock)")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0 && !result.standardError.contains("Waiting: unless"), "\(result)")
        }
    }
}
