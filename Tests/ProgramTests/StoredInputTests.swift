import Foundation
import TestSupport
import Testing

@Suite("What is stored and cannot be understood is left alone")
struct StoredInputTests {
    /// Something stored under one of the programs' names, and what is said about it.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var commands: [[String]]
        /// Parts of what is said.
        var told: [String]
        /// The reason of the daemon's condition.
        var reason = "Unreadable"
        var target = "1"

        var testDescription: String { name }
    }

    private static let version = "outpost:schema:version"
    private static let state = "outpost:migration:001_hash_tags:state"
    private static let epoch = "outpost:migration:epoch"

    private static func isNoState(_ name: String, _ text: String, _ told: String...) -> Case {
        Case(name: name, commands: [["SET", state, text]], told: [state] + told)
    }

    private static func ownState(_ more: String, migration: String = "001_hash_tags") -> String {
        "{\"migration_name\":\"\(migration)\",\"phase\":\"applied\",\"started_at\":\"2026-01-01T00:00:00Z\"\(more)}"
    }

    private static let originalProgress =
        ",\"progress\":{\"total_items\":9,\"processed_items\":9,\"failed_items\":0,\"skipped_items\":0},"
        + "\"metadata\":{\"x\":1}"

    /// What neither program by hand nor daemon may go on with.
    static let unreadable = [
        Case(name: "a version that is no number", commands: [["SET", version, "one"]], told: [version, "one"]),
        Case(name: "a negative version", commands: [["SET", version, "-1"]], told: [version, "-1"]),
        Case(name: "a fractional version", commands: [["SET", version, "1.5"]], told: [version, "1.5"]),
        Case(name: "an empty version", commands: [["SET", version, ""]], told: [version]),
        Case(
            name: "a version beyond all numbers",
            commands: [["SET", version, "99999999999999999999"]],
            told: [version]
        ),
        Case(name: "a version with zeros before it", commands: [["SET", version, "00000"]], told: [version, "00000"]),
        Case(name: "a version that is a list", commands: [["RPUSH", version, "1"]], told: [version]),
        isNoState("a state that is no JSON", "hello"),
        isNoState("an empty state", ""),
        isNoState("a truncated state", "{\"migration_name\":\"001_hash_tags\",\"phase\":\"app"),
        isNoState("a state of a newer format", ownState(",\"format\":99"), "99"),
        isNoState(
            "a state of another migration",
            ownState(",\"format\":1", migration: "002_timestamps"),
            "002_timestamps"
        ),
        isNoState(
            "a state whose counts no keyspace has",
            ownState(",\"format\":1,\"progress\":{\"total_items\":9223372036854775807}"),
            "progress.total_items is 9223372036854775807"
        ),
        isNoState(
            "a state with a ledger of more hashes than there are keys",
            ownState(",\"format\":1,\"ledger\":{\"buckets\":268435456}"),
            "268435456 hashes"
        ),
        isNoState("a state of an unknown phase", "{\"migration_name\":\"001_hash_tags\",\"phase\":\"paused\"}"),
        Case(name: "a state that is a hash", commands: [["HSET", state, "phase", "applied"]], told: [state]),
        Case(name: "an epoch that is none", commands: [["SET", epoch, "garbage"]], told: [epoch]),
        Case(name: "an epoch with the last number", commands: [["SET", epoch, "281474976710656:x"]], told: [epoch]),
        Case(name: "an epoch that is a list", commands: [["RPUSH", epoch, "1"]], told: [epoch]),
    ]

    /// Of them some that the daemon is shown: one of each kind.
    private static let inDaemon = [
        "a version that is no number", "a version with zeros before it", "an empty state", "a state of a newer format",
        "a state whose counts no keyspace has", "a state with a ledger of more hashes than there are keys",
        "an epoch that is none", "an epoch with the last number",
    ]

    /// What a person by hand may overrule, and the reconciler may not.
    static let stalling = [
        Case(
            name: "a target above the newest known",
            commands: [],
            told: ["99", "schema.target"],
            reason: "TargetUnknown",
            target: "99"
        ),
        Case(
            name: "a target below the current version",
            commands: [["SET", version, "1"]],
            told: ["no way back"],
            reason: "TargetBelowCurrent",
            target: "0"
        ),
        Case(
            name: "a migration begun above the target",
            commands: [["SET", state, ownState(",\"format\":1")]],
            told: ["001_hash_tags"],
            reason: "TargetBelowStarted",
            target: "0"
        ),
        Case(
            name: "a version below that of a cleaned migration",
            commands: [
                ["SET", state, "{\"migration_name\":\"001_hash_tags\",\"phase\":\"cleaned\",\"format\":1}"]
            ],
            told: ["001_hash_tags"],
            reason: "VersionRegressed"
        ),
    ]

    @Test("By hand: exit 1, with the key and the reason; nothing is touched", arguments: unreadable)
    func byHand(one: Case) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await untouched(stage, one) {
                for command in [["apply", "-auto-approve"], ["verify"], ["cleanup", "-force"]] {
                    let result = try await stage.run(["-migration", "001_hash_tags"] + command)
                    #expect(result.exitStatus == 1, "\(command): \(result)")
                    // The epoch is read with the lock, and no lock is taken for what does not follow from the phase.
                    let isReached = command[0] == "apply" || one.told != [Self.epoch]
                    for text in isReached ? one.told : ["001_hash_tags"] {
                        #expect(result.standardError.contains(text), "\(command): \(result)")
                    }
                }
            }
        }
    }

    @Test("converge: exit 1, with the reason; nothing is touched", arguments: unreadable + stalling)
    func converge(one: Case) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await untouched(stage, one) {
                let result = try await stage.converge(with: ["MIGRATEREDIS_SCHEMA_TARGET": one.target])
                #expect(result.exitStatus == 1, "\(result)")
                for text in one.told { #expect(result.standardError.contains(text), "\(result)") }
            }
        }
    }

    @Test(
        "The daemon stalls, says why, and touches nothing",
        arguments: unreadable.filter { inDaemon.contains($0.name) } + stalling
    )
    func daemon(one: Case) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await untouched(stage, one) {
                let socket = try NotifySocket()
                let target = ["MIGRATEREDIS_SCHEMA_TARGET": one.target]
                let daemon = try await stage.daemon(target.merging(socket.variables) { $1 })
                let line = try await daemon.waitForLine("stalled", "reason=\(one.reason)")
                for text in one.told { #expect(line.contains(text), "\(line)") }
                let status = try await socket.waitForStatus(containing: "stalled")
                #expect(status.contains(one.reason), "\(status)")
                #expect(await daemon.stop() == .exited(0))
            }
        }
    }

    @Test("A version above the newest known: another host is newer, and nothing is touched")
    func newerSchema() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let newer = Case(name: "", commands: [["SET", Self.version, "99"]], told: ["99"])
            try await untouched(stage, newer) {
                let result = try await stage.converge()
                #expect(result.exitStatus == 1, "\(result)")
                #expect(result.standardError.contains("another host is newer"), "\(result)")
                let daemon = try await stage.daemon()
                try await daemon.waitForLine("waiting", "reason=NewerSchema")
                #expect(await daemon.stop() == .exited(0))
            }
        }
    }

    @Test("The original tool's state is read, and not believed")
    func originalState() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            // It says that all is applied, and nothing is.
            try await stage.send("SET", Self.state, Self.ownState(Self.originalProgress))
            let verify = try await stage.run("-migration", "001_hash_tags", "verify")
            #expect(verify.exitStatus == 1, "\(verify)")
            #expect(try await stage.text(Self.version) == nil)
            // More than few old keys without a new one would be missing under the new names: that is for a person.
            let stalled = try await stage.converge()
            #expect(stalled.exitStatus == 1 && stalled.standardError.contains("reappeared"), "\(stalled)")
            #expect(try await stage.text(Self.version) == nil)
            let resolve = [
                "resolve", "001_hash_tags", "--all", "--reason-is", "reappeared", "--keep", "source", "--force",
            ]
            let settled = try await stage.run(resolve)
            #expect(settled.exitStatus == 0, "\(settled)")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    /// Runs the body, and compares every key and how often commands wrote, before and after.
    private func untouched(_ stage: Stage, _ one: Case, _ body: () async throws -> Void) async throws {
        for words in one.commands { try await stage.send(words) }
        let before = try await stage.contents()
        let writes = try await stage.writes()
        try await body()
        #expect(try await stage.writes() == writes)
        #expect(try await stage.contents().difference(from: before) == nil)
    }
}
