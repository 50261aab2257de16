import Foundation
import RedisClient
import TestSupport
import Testing

/// A state of the keyspace in which every command is tried: a row of the reconciler's table.
struct CommandCase: Sendable, CustomTestStringConvertible {
    /// The name of its file.
    let name: String
    /// The configuration of the commands.
    var settings: [String: String] = [:]
    /// Makes the state, by the programs where they can.
    let make: @Sendable (Stage) async throws -> Void

    var testDescription: String { name }

    private static let migration = "001_hash_tags"
    private static let version = "outpost:schema:version"
    private static let state = "outpost:migration:001_hash_tags:state"

    /// Runs commands that must succeed.
    private static func by(_ commands: [String]...) -> @Sendable (Stage) async throws -> Void {
        { stage in
            for command in commands {
                let result = try await stage.run(command)
                guard result.exitStatus == 0 else { throw TestSupportError("\(command): \(result)") }
            }
        }
    }

    private static func phase(_ words: String...) -> [String] { ["-migration", migration] + words }
    private static let apply = phase("apply", "-auto-approve")
    private static let verify = phase("verify")
    private static let cleanup = phase("cleanup", "-force")

    /// A holder on another host that renews.
    private static let holder =
        #"{"boot_id":"11111111-2222-3333-4444-555555555555","holder":"db2/blue","host":"db2","#
        + #""migration":"001_hash_tags","pid":4711,"pid_namespace":"4026531836","renew_interval":10000,"stale_after":60000,"#
        + #""started_at":"2026-01-02T15:03:35.678Z","token":"00112233445566778899aabbccddeeff","ttl":3600000,"version":"1"}"#

    static let all: [CommandCase] = [
        CommandCase(name: "nothing-begun") { _ in },
        CommandCase(name: "paused", make: by(["pause", "--reason", "incident 7"])),
        CommandCase(name: "version-unreadable") { try await $0.send("SET", version, "three") },
        CommandCase(name: "newer-schema") { try await $0.send("SET", version, "9") },
        CommandCase(name: "version-regressed") { stage in
            try await by(apply, verify, cleanup)(stage)
            try await stage.send("SET", version, "0")
        },
        CommandCase(name: "target-unknown", settings: ["MIGRATEREDIS_SCHEMA_TARGET": "9"]) { _ in },
        CommandCase(
            name: "target-below-current",
            settings: ["MIGRATEREDIS_SCHEMA_TARGET": "0"],
            make: by(apply, verify)
        ),
        CommandCase(
            name: "target-below-started",
            settings: ["MIGRATEREDIS_SCHEMA_TARGET": "0"],
            make: by(apply)
        ),
        CommandCase(name: "lock-held") { try await $0.send("SET", "outpost:migration:lock", holder, "PX", "3600000") },
        CommandCase(name: "foreign-lock") { try await $0.send("SET", "outpost:migration:lock", "another tool's") },
        CommandCase(name: "state-missing") { stage in
            try await by(apply, verify)(stage)
            try await stage.send("DEL", state)
        },
        CommandCase(name: "state-unreadable") { try await $0.send("SET", state, "{") },
        CommandCase(name: "apply-gated", settings: ["MIGRATEREDIS_APPLY_APPROVAL": "required"]) { _ in },
        CommandCase(name: "applied", make: by(apply)),
        CommandCase(name: "cleanup-gated", make: by(apply, verify)),
        CommandCase(name: "conflicts") { stage in
            try await stage.send("HSET", "tenant:{t0}:destination:d1", "id", "d1", "config", "theirs")
            _ = try await stage.run(apply)
            _ = try await stage.run(verify)
        },
        CommandCase(name: "keys-held") { stage in
            try await by(apply, verify)(stage)
            try await stage.send("HSET", "tenant:t0:destination:d1", "config", "old")
            try await stage.send("HSET", "tenant:{t0}:destination:d1", "config", "new")
            _ = try await stage.run(cleanup)
        },
        CommandCase(name: "converged", make: by(apply, verify, cleanup)),
    ]

    /// Every command, so that it acts where it may.
    static let commands: [[String]] = [
        ["status"],
        ["status", "--check"],
        ["status", "--output", "json"],
        ["status", "--held", migration],
        ["status", "--held", migration, "--output", "json"],
        ["list"],
        phase("plan"),
        apply,
        verify,
        phase("verify", "--sample", "100"),
        phase("rollback", "-force"),
        cleanup,
        ["unlock", "-force"],
        ["pause", "--reason", "why", "--for", "2h"],
        ["resume"],
        ["pin", "1"],
        ["unpin"],
        ["approve", migration],
        ["approve", migration, "cleanup", "--reason", "why"],
        ["revoke", migration],
        ["retry"],
        ["reconcile"],
        ["resolve", migration, "tenant:t0:destination:d1", "--keep", "source"],
        ["converge"],
        ["wait", "--timeout", "100ms"],
        ["history"],
        ["history", "--output", "json"],
        ["check"],
        ["check", "--output", "json"],
    ]
}
