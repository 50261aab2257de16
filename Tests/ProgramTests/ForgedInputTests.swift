import Foundation
import RedisClient
import TestSupport
import Testing

/// Numbers and texts that only somebody with bad intent writes, or makes a server say.
@Suite("Forged documents and hostile peers")
struct ForgedInputTests {
    private static let state = "outpost:migration:001_hash_tags:state"
    private static let lock =
        #"{"migration":"001_hash_tags","started_at":"2026-01-01T00:00:00Z","pid":1,"host":"h","holder":"h","boot_id":"b","#
        + #""pid_namespace":"n","token":"t","ttl":3600000,"renew_interval":10000,"stale_after":60000,"version":"1"}"#

    private static func document(_ more: String, phase: String = "applying") -> String {
        #"{"migration_name":"001_hash_tags","phase":"\#(phase)","format":1,\#(more)}"#
    }

    /// Numbers with which what is reckoned would overflow.
    static let forged = [
        document(#""progress":{"total_items":9223372036854775807,"processed_items":9223372036854775807}"#),
        document(#""progress":{"total_items":1,"processed_items":-9223372036854775808}"#),
        document(#""checkpoint":{"cursors":{"RUN":"1"},"processed_items":9223372036854775807}"#),
        document(#""in_use":9223372036854775807"#, phase: "failed"),
        document(#""followed_at_ms":9223372036854775807"#, phase: "verified"),
    ]

    @Test("Whatever number is stored, every command ends with a sentence", arguments: forged)
    func numbers(state: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let run = try await stage.send("INFO", "server").text?.split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("run_id:") }?.dropFirst(7)
            try await stage.send("SET", Self.state, state.replacing("RUN", with: run ?? ""))
            for locked in [true, false] {
                if locked { try await stage.send("SET", "outpost:migration:lock", Self.lock, "PX", "3600000") }
                for command in [
                    ["status"], ["status", "--output", "json"], ["status", "--check"],
                    ["status", "--held", "001_hash_tags"], ["check"],
                    ["wait", "--timeout", "1s"], ["list"], ["-migration", "001_hash_tags", "apply", "-auto-approve"],
                ] {
                    let result = try await stage.run(command)
                    #expect((result.exitStatus ?? 132) < 128, "\(command): \(result)")
                    let said = result.standardError + result.standardOutput
                    #expect(command == ["list"] || said.contains(Self.state) || locked, "\(command): \(said)")
                }
                try await stage.send("DEL", "outpost:migration:lock")
            }
        }
    }

    @Test("A scope of more keys than there are makes no more hashes than the keys that are there fill")
    func forgedScope() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let scope = #""scope":{"kinds":{"tenant":281474976710656}}"#
            try await stage.send("SET", Self.state, Self.document(scope, phase: "planned"))
            let result = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(result.exitStatus == 0, "\(result)")
            let keys = try await stage.send("DBSIZE").integer ?? .max
            #expect(keys < 70_000)
        }
    }

    @Test("A ledger's header that tells of more hashes than there are keys is refused, and nothing is written")
    func forgedHeader() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let key = "outpost:migration:001_hash_tags:ledger:0"
            try await stage.send("HSET", key, "h", "1 268435456")
            let result = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(result.exitStatus == 1 && result.standardError.contains(key), "\(result)")
            #expect(try await stage.send("KEYS", "outpost:migration:*:ledger:*").count == 1)
        }
    }

    /// What a replica may write into INFO with its address, on a server that nobody has tampered with.
    static let addresses = [
        "x\nconnected_slaves:-1\nz:", "x\r\nconnected_slaves:9223372036854775807\r\nz:", "x\nrole:slave\nz:",
        "x\nrun_id:0123\nz:", "x\nredis_version:7\u{1B}[31mEVIL\nz:", "x\nmaxmemory_policy:\u{1B}]0;EVIL\u{7}\nz:",
        "x\ndb0:keys=9223372036854775807\ndb1:keys=9223372036854775807\nz:",
    ]

    @Test(
        "What a replica writes into INFO is refused with the field's name, and drives no terminal",
        arguments: addresses
    )
    func replica(address: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let replica = try PlainClient(stage.server)
            replica.send([Bytes("REPLCONF"), Bytes("listening-port"), Bytes("6")])
            replica.send([Bytes("REPLCONF"), Bytes("ip-address"), Bytes(address)])
            replica.send([Bytes("PSYNC"), Bytes("?"), Bytes("-1")])
            let name = try #require(
                address.split(whereSeparator: \.isNewline).dropFirst().first?.split(separator: ":").first
            )
            for command in [["status"], ["check"], ["-migration", "001_hash_tags", "apply", "-auto-approve"]] {
                let result = try await stage.run(command)
                let said = result.standardError + result.standardOutput
                #expect((1...127).contains(result.exitStatus ?? 132), "\(command): \(result)")
                #expect(said.contains("INFO tells \(name) twice"), "\(command): \(said)")
                #expect(!said.unicodeScalars.contains("\u{1B}"), "\(command): \(said)")
            }
        }
    }

    @Test("A replica's address that can be one line is shown escaped")
    func strainedBy() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let replica = try PlainClient(stage.server)
            replica.send([Bytes("REPLCONF"), Bytes("ip-address"), Bytes("\u{1B}[31m\u{9B}\u{202E}EVIL")])
            replica.send([Bytes("PSYNC"), Bytes("?"), Bytes("-1")])
            let result = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            let said = result.standardError + result.standardOutput
            #expect(result.exitStatus == 0, "\(result)")
            #expect(!said.unicodeScalars.contains { "\u{1B}\u{9B}\u{202E}".unicodeScalars.contains($0) }, "\(said)")
        }
    }
}
