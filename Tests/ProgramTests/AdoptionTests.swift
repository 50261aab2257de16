import RedisClient
import TestSupport
import Testing

/// Keyspaces on which Outpost's own migrators, or the original tool, have worked before us.
@Suite("Beside Outpost: what it has left")
struct AdoptionTests {
    private static let names = ["001_hash_tags", "002_timestamps", "003_entity"]
    private static let time = "2025-03-04T05:06:07Z"

    /// What Outpost's migrator leaves: copies with the later migrations' changes, and its records.
    private static func migrateAsOutpost(_ stage: Stage, copying: Bool = true) async throws {
        if copying {
            try await stage.send(
                "HSET",
                "tenant:{acme}:tenant",
                "id",
                "acme",
                "created_at",
                "1741064767000",
                "entity",
                "tenant"
            )
            try await stage.send("COPY", "tenant:acme:destinations", "tenant:{acme}:destinations")
            try await stage.send("COPY", "tenant:acme:destination:d1", "tenant:{acme}:destination:d1")
            try await stage.send(
                "HSET",
                "tenant:{acme}:destination:d1",
                "created_at",
                "1741064767000",
                "entity",
                "destination"
            )
        }
        for name in names {
            try await stage.send("HSET", "outpost:migration:\(name)", "status", "applied", "applied_at", time)
        }
    }

    private static func newNames(_ stage: Stage) async throws -> Set<String> {
        Set(try await stage.send("KEYS", "tenant:{*").elements.compactMap(\.text))
    }

    @Test(
        "Tenants that were deleted after Outpost had migrated stay deleted, by converge and by hand",
        arguments: [true, false]
    )
    func deletedStay(byHand: Bool) async throws {
        try await withStage(Keyspace()) { stage in
            try await BesideOutpostTests.writeLegacyTenant(stage)
            try await Self.migrateAsOutpost(stage, copying: false)
            let check = try await stage.run("check")
            #expect(check.standardOutput.contains("raised the keyspace to version 3"), "\(check)")
            let plan = try await stage.run("plan", "001_hash_tags")
            #expect(plan.standardOutput.contains("3 old keys without a new one"), "\(plan)")
            if byHand {
                for _ in 0..<2 {
                    let apply = try await stage.run("-migration", "001_hash_tags", "-auto-approve", "apply")
                    #expect(apply.exitStatus == 0, "\(apply)")
                    _ = try await stage.run("-migration", "001_hash_tags", "verify")
                }
            } else {
                let end = try await stage.run("converge", "--target", "latest")
                #expect(end.exitStatus == 0, "\(end)")
            }
            #expect(try await stage.text("outpost:schema:version") == "3")
            let cleanup = try await stage.run("-migration", "001_hash_tags", "-force", "cleanup")
            #expect(cleanup.exitStatus == 1 && cleanup.standardOutput.contains("reappeared"), "\(cleanup)")
            #expect(try await Self.newNames(stage).isEmpty)
            #expect(try await stage.send("EXISTS", "tenant:acme").integer == 1)
            let history = try await stage.run("history")
            #expect(
                history.standardOutput.contains("versionAdopted") || history.standardOutput.contains("adopted"),
                "\(history)"
            )
        }
    }

    @Test("A keyspace that Outpost has migrated, and applications changed since, converges without a person")
    func converges() async throws {
        try await withStage(Keyspace()) { stage in
            try await BesideOutpostTests.writeLegacyTenant(stage)
            try await Self.migrateAsOutpost(stage)
            try await stage.send(
                "HSET",
                "tenant:{acme}:destination:d1",
                "config",
                "{\"url\":\"https://changed.example\"}"
            )
            let end = try await stage.run("converge", "--target", "latest")
            #expect(end.exitStatus == 0, "\(end)")
            #expect(try await stage.text("outpost:schema:version") == "3")
            let cleanup = try await stage.run("-migration", "001_hash_tags", "-force", "cleanup")
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            let config = try await stage.send("HGET", "tenant:{acme}:destination:d1", "config").text
            #expect(config == "{\"url\":\"https://changed.example\"}")
            #expect(try await stage.send("HGET", "tenant:{acme}:tenant", "created_at").text == "1741064767000")
            let old = try await stage.send(
                "EXISTS",
                "tenant:acme",
                "tenant:acme:destinations",
                "tenant:acme:destination:d1"
            )
            #expect(old.integer == 0)
        }
    }

    @Test(
        "The original tool's word that it has copied means that deletes were not seen",
        arguments: ["applied", "verified"]
    )
    func originalState(phase: String) async throws {
        try await withStage(Keyspace()) { stage in
            try await BesideOutpostTests.writeLegacyTenant(stage)
            try await stage.send(
                "SET",
                "outpost:migration:001_hash_tags:state",
                #"{"migration_name":"001_hash_tags","phase":"\#(phase)","started_at":"2026-01-01T00:00:00Z","#
                    + #""progress":{"total_items":1,"processed_items":1,"failed_items":0,"skipped_items":0}}"#
            )
            let plan = try await stage.run("plan", "001_hash_tags")
            #expect(plan.standardOutput.contains("3 old keys without a new one"), "\(plan)")
            _ = try await stage.run("converge", "--target", "latest")
            #expect(try await Self.newNames(stage).isEmpty)
        }
    }

    @Test(
        "Records with a gap, of another type or with an unknown status stall, and nothing is touched",
        arguments: 0..<3
    )
    func badRecords(kind: Int) async throws {
        try await withStage(Keyspace()) { stage in
            try await BesideOutpostTests.writeLegacyTenant(stage)
            switch kind {
            case 0: try await stage.send("HSET", "outpost:migration:003_entity", "status", "applied")
            case 1: try await stage.send("SET", "outpost:migration:001_hash_tags", "applied")
            default: try await stage.send("HSET", "outpost:migration:001_hash_tags", "status", "half")
            }
            let end = try await stage.run("converge", "--target", "latest")
            #expect(end.exitStatus == 1, "\(end)")
            let apply = try await stage.run("-migration", "001_hash_tags", "-auto-approve", "apply")
            #expect(apply.exitStatus == 1, "\(apply)")
            #expect(
                apply.standardError.contains("outpost:migration:") || apply.standardError.contains("003_entity"),
                "\(apply)"
            )
            #expect(try await Self.newNames(stage).isEmpty)
            #expect(try await stage.text("outpost:schema:version") == nil)
            #expect(try await stage.send("EXISTS", "outpost:migration:epoch").integer == 0)
        }
    }

    @Test("A ledger that lists copies of which none is left never converges, whatever the original tool's state says")
    func copiesGone() async throws {
        try await withStage(Keyspace()) { stage in
            try await BesideOutpostTests.writeLegacyTenant(stage)
            let apply = try await stage.run("-migration", "001_hash_tags", "-auto-approve", "apply")
            #expect(apply.exitStatus == 0, "\(apply)")
            try await stage.send(
                "DEL",
                "tenant:acme",
                "tenant:acme:destinations",
                "tenant:acme:destination:d1",
                "tenant:{acme}:tenant",
                "tenant:{acme}:destinations",
                "tenant:{acme}:destination:d1"
            )
            try await stage.send(
                "SET",
                "outpost:migration:001_hash_tags:state",
                #"{"migration_name":"001_hash_tags","phase":"cleaned","started_at":"2026-01-01T00:00:00Z","#
                    + #""progress":{"total_items":1,"processed_items":1,"failed_items":0,"skipped_items":0}}"#
            )
            try await stage.send("SET", "outpost:schema:version", "1")
            let end = try await stage.run("converge", "--target", "latest")
            #expect(end.exitStatus == 1 && end.standardError.contains("DataLost"), "\(end)")
        }
    }
}
