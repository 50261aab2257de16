import Foundation
import RedisClient
import TestSupport
import Testing

/// What Outpost's own migrators and its gate find after us: its records, in its words.
@Suite("Beside Outpost: its records")
struct BesideOutpostTests {
    private static let names = ["001_hash_tags", "002_timestamps", "003_entity"]
    private static let latest = ["MIGRATEREDIS_SCHEMA_TARGET": "latest"]

    private static func record(_ name: String, prefix: String = "") -> String { "\(prefix)outpost:migration:\(name)" }

    private static func fields(_ stage: Stage, _ key: String) async throws -> [String: String] {
        let words = try await stage.send("HGETALL", key).elements.compactMap(\.text)
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) }
        )
    }

    private static func isTime(_ text: String?) -> Bool {
        text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil
    }

    /// A legacy tenant with a destination, as plain commands write it.
    static func writeLegacyTenant(_ stage: Stage, prefix: String = "") async throws {
        let created = "2025-03-04T05:06:07Z"
        try await stage.send("HSET", "\(prefix)tenant:acme", "id", "acme", "created_at", created)
        let summary = #"{"id":"d1","type":"webhook","topics":["*"],"disabled":false}"#
        try await stage.send("HSET", "\(prefix)tenant:acme:destinations", "d1", summary)
        try await stage.send(
            "HSET",
            "\(prefix)tenant:acme:destination:d1",
            "id",
            "d1",
            "type",
            "webhook",
            "topics",
            "*",
            "config",
            "{}",
            "created_at",
            created
        )
    }

    @Test("Every raise writes its record, without a time to live, and only then may Outpost start")
    func writesRecords() async throws {
        try await withStage(Keyspace()) { stage in
            try await Self.writeLegacyTenant(stage)
            let result = try await stage.run("converge", "--target", "latest")
            #expect(result.exitStatus == 0, "\(result)")
            for name in Self.names {
                let fields = try await Self.fields(stage, Self.record(name))
                #expect(fields["status"] == "applied" && fields["written_by"] == "migrateredis", "\(name): \(fields)")
                #expect(Self.isTime(fields["applied_at"]), "\(name): \(fields)")
                #expect(try await stage.send("PTTL", Self.record(name)).integer == -1)
            }
        }
    }

    @Test("Before the raise there is no record, whatever was applied; by hand the verify writes it")
    func notBeforeTheRaise() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let apply = try await stage.run("-migration", Self.names[0], "-auto-approve", "apply")
            #expect(apply.exitStatus == 0, "\(apply)")
            #expect(try await stage.send("EXISTS", Self.record(Self.names[0])).integer == 0)
            let verify = try await stage.run("-migration", Self.names[0], "verify")
            #expect(verify.exitStatus == 0, "\(verify)")
            #expect(try await Self.fields(stage, Self.record(Self.names[0]))["status"] == "applied")
            #expect(try await stage.send("EXISTS", Self.record(Self.names[1])).integer == 0)
        }
    }

    @Test("With a deployment id only our own prefix has records, and what does not concern it is not_applicable")
    func deployment() async throws {
        try await withStage(Keyspace()) { stage in
            try await Self.allow(stage, "dp_1")
            try await stage.send(
                "HSET",
                "dp_1:tenant:{acme}:tenant",
                "id",
                "acme",
                "created_at",
                "2025-03-04T05:06:07Z"
            )
            let result = try await stage.run("converge", "--target", "latest", with: ["DEPLOYMENT_ID": "dp_1"])
            #expect(result.exitStatus == 0, "\(result)")
            let first = try await Self.fields(stage, Self.record(Self.names[0], prefix: "dp_1:"))
            #expect(first["status"] == "not_applicable" && Self.isTime(first["checked_at"]), "\(first)")
            #expect(first["reason"]?.isEmpty == false && first["applied_at"] == nil, "\(first)")
            for name in Self.names.dropFirst() {
                let fields = try await Self.fields(stage, Self.record(name, prefix: "dp_1:"))
                #expect(fields["status"] == "applied", "\(name): \(fields)")
            }
            #expect(try await stage.send("KEYS", "outpost:*").elements.compactMap(\.text).isEmpty)
        }
    }

    /// What the comments of the ACL file say for a deployment.
    static func allow(_ stage: Stage, _ deployment: String) async throws {
        let rules = LeastPrivilege.rule(try await LeastPrivilegeTests.rules(), forDeployment: deployment)
        try await stage.send(["ACL", "SETUSER", LeastPrivilege.user, "reset"] + rules)
    }

    @Test("A record that is there already keeps what it says")
    func keepsRecord() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let apply = try await stage.run("-migration", Self.names[0], "-auto-approve", "apply")
            #expect(apply.exitStatus == 0, "\(apply)")
            let key = Self.record(Self.names[0])
            let theirs = ["status": "applied", "applied_at": "2026-01-01T00:00:00+02:00", "note": "x"]
            try await stage.send(["HSET", key] + theirs.flatMap { [$0.key, $0.value] })
            _ = try await stage.run("-migration", Self.names[0], "verify")
            #expect(try await Self.fields(stage, key) == theirs)
        }
    }

    /// Keys that are no record of Outpost's.
    static let noRecords = [
        ["SET", "outpost:migration:001_hash_tags", "applied"],
        ["RPUSH", "outpost:migration:001_hash_tags", "applied"],
        ["HSET", "outpost:migration:003_entity", "status", "running"],
        ["HSET", "outpost:migration:002_timestamps", "status", ""],
    ]

    @Test("A key in its place that is none is named with the way out, and nothing is touched", arguments: noRecords)
    func noRecord(command: [String]) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            try await stage.send(command)
            let changes = try await stage.changes()
            let before = try await stage.snapshot(withBookkeeping: true)
            for words in [
                ["converge"], ["-migration", Self.names[0], "-auto-approve", "apply"],
                ["-migration", Self.names[0], "verify"],
            ] {
                let result = try await stage.run(words, with: Self.latest)
                #expect(result.exitStatus == 1, "\(result)")
                #expect(result.standardError.contains(command[1]), "\(result)")
                #expect(result.standardError.contains("restore or remove it"), "\(result)")
            }
            #expect(try await stage.changes() == changes)
            #expect(try await stage.snapshot(withBookkeeping: true) == before)
        }
    }

    @Test("Records that an earlier program of ours did not write are written by whoever comes first, once")
    func repairs() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let first = try await stage.converge()
            #expect(first.exitStatus == 0, "\(first)")
            try await stage.send("DEL", Self.record(Self.names[0]))
            let status = try await stage.run("status", with: Stage.untended)
            #expect(status.standardOutput.contains("001_hash_tags: recording"), "\(status)")
            let again = try await stage.converge()
            #expect(again.exitStatus == 0, "\(again)")
            #expect(try await Self.fields(stage, Self.record(Self.names[0]))["status"] == "applied")
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("By hand the catch-up and the cleanup write a missing record too", arguments: ["apply", "verify", "cleanup"])
    func repairsByHand(phase: String) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            for words in [["-auto-approve", "apply"], ["verify"]] {
                _ = try await stage.run(["-migration", Self.names[0]] + words)
            }
            try await stage.send("DEL", Self.record(Self.names[0]))
            let answer = ["apply": ["-auto-approve"], "cleanup": ["-force"]][phase] ?? []
            let result = try await stage.run(["-migration", Self.names[0]] + answer + [phase])
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await Self.fields(stage, Self.record(Self.names[0]))["status"] == "applied")
        }
    }

    @Test("In a cluster the record follows the raise, and one that was cut off is written by the next run")
    func cluster() async throws {
        try await withClusterStage(Keyspace(tenants: 6)) { stage in
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            let key = Bytes(Self.record(Self.names[0]))
            let keyspace = try await stage.cluster.connect()
            #expect(try await keyspace.send("HGET", key, Bytes("status")).text == "applied")
            _ = try await keyspace.send("DEL", key)
            let again = try await stage.converge()
            #expect(again.exitStatus == 0, "\(again)")
            #expect(try await keyspace.send("HGET", key, Bytes("status")).text == "applied")
            await keyspace.close()
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }
}
