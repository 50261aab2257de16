import Foundation
import RedisClient
import TestSupport
import Testing

/// The original tool's documents as its encoder writes them, and ours as its decoder reads them.
@Suite("Beside the original tool")
struct InteropTests {
    private static let name = "001_hash_tags"
    private static let state = "outpost:migration:001_hash_tags:state"
    private static let lock = "outpost:migration:lock"

    /// A state document of the original, but for its phase.
    struct Form: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// What follows the phase.
        var rest: String
        var completedAt: String?
        var metadata: [String: String] = [:]

        func document(_ phase: String) -> String {
            "{\"migration_name\":\"\(InteropTests.name)\",\"phase\":\"\(phase)\",\(rest)}"
        }
    }

    static let forms = [
        Form(
            testDescription: "nothing but zeros",
            rest: """
                "started_at":"2026-01-02T15:04:05.123456789+01:00","completed_at":"0001-01-01T00:00:00Z",\
                "progress":{"total_items":0,"processed_items":0,"failed_items":0,"skipped_items":0},\
                "errors":null,"metadata":null
                """
        ),
        Form(testDescription: "fields left out", rest: #""started_at":"2026-01-02T15:04:05Z""#),
        Form(
            testDescription: "all fields full",
            rest: """
                "started_at":"2026-01-02T15:04:05.5-08:00","completed_at":"2026-01-02T15:05:06.000000001-08:00",\
                "progress":{"total_items":54,"processed_items":50,"failed_items":3,"skipped_items":1},\
                "errors":["failed to copy tenant:t1: i\\/o timeout"],\
                "metadata":{"tenants":"13","batch":12,"nested":{"a":[1,2.5,null,true]}}
                """,
            completedAt: "2026-01-02T15:05:06.000000001-08:00",
            metadata: ["tenants": "13", "batch": "12"]
        ),
    ]

    @Test(
        "its state is read in every phase and form, is no proof, and keeps what others put there",
        arguments: ["planned", "applying", "applied", "verified", "cleaning", "failed"],
        forms
    )
    func readsState(phase: String, form: Form) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("SET", Self.state, form.document(phase))
            let migration = try await Self.status(of: stage)
            #expect(migration["phase"] as? String == "planned")
            #expect((migration["started_at"] as? String)?.hasPrefix("2026-01-02T15:04:05") == true)
            #expect(migration["completed_at"] as? String == form.completedAt)
            #expect(migration["unreadable"] == nil)
            // What it says that it has copied is there; what is not was deleted, and is not copied again.
            if ["applied", "verified", "cleaning"].contains(phase) { try await Self.copyLikeTheOriginal(stage) }
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
            let metadata = try #require(try await stage.state()?["metadata"] as? [String: Any])
            for (key, value) in form.metadata { #expect(metadata[key].map { "\($0)" } == value, "\(key)") }
        }
    }

    @Test("of its phases only cleaned is believed, and then nothing is written", arguments: forms)
    func believesCleaned(form: Form) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("SET", Self.state, form.document("cleaned"))
            let early = try await stage.converge()
            #expect(early.exitStatus == 1 && early.standardError.contains("VersionRegressed"), "\(early)")
            try await stage.send("SET", "outpost:schema:version", "1")
            let changes = try await stage.changes()
            #expect(try await Self.status(of: stage)["phase"] as? String == "cleaned")
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("copies that it made without their expiry get it back, while the old names are the truth")
    func mendsCopies() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await Self.copyLikeTheOriginal(stage)
            try await stage.send("SET", Self.state, Self.forms[0].document("applied"))
            let result = try await stage.converge()
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("once it has raised the version, a copy that lost its expiry is named, and its source stays")
    func namesLostExpiry() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await Self.copyLikeTheOriginal(stage)
            try await stage.send("SET", Self.state, Self.forms[0].document("verified"))
            try await stage.send("SET", "outpost:schema:version", "1")
            let result = try await stage.converge()
            #expect(result.exitStatus == 1, "\(result)")
            let status = try await Self.status(of: stage)
            let held = try #require(status["held"] as? [String: Any])
            #expect((held["counts"] as? [String: Int])?["expiryLost"] == 3, "\(held)")
            let after = try await stage.snapshot()
            for (name, record) in stage.before.records { #expect(after.records[name] == record, "\(name)") }
        }
    }

    @Test(
        "its lock is respected, waited for and named until it ends by itself",
        arguments: ["2026-01-02T15:04:05.123456789+01:00", "2026-01-02T15:04:05Z"]
    )
    func waitsForLock(since: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            // Its process is long dead, for all that can be seen here: that is no proof where there is no boot id.
            let record = "{\"migration\":\"\(Self.name)\",\"started_at\":\"\(since)\",\"pid\":999999,\"host\":\"ops7\"}"
            try await stage.send("SETEX", Self.lock, "3600", record)
            let expiry = try await stage.withConnection { try await $0.expiry(of: Bytes(Self.lock)) }
            let words = "another tool on ops7, process 999999 for \(Self.name) since \(since)"
            let daemon = try await stage.daemon()
            let line = try await daemon.waitForLine("waiting", "reason=LockHeld")
            #expect(line.contains(words), "\(line)")
            let converge = try await stage.converge()
            #expect(converge.exitStatus == 75 && converge.standardError.contains(words), "\(converge)")
            let apply = try await stage.run("-migration", Self.name, "apply", "-auto-approve")
            #expect(apply.exitStatus == 75 && apply.standardError.contains(words), "\(apply)")
            let lock = try #require(try await Self.document(stage)["lock"] as? [String: Any])
            #expect(lock["migration"] as? String == Self.name && lock["since"] as? String == since)
            #expect(lock["foreign"] as? Bool == true)
            #expect(try await stage.text(Self.lock) == record)
            #expect(try await stage.withConnection { try await $0.expiry(of: Bytes(Self.lock)) } == expiry)
            #expect(try await stage.snapshot() == stage.before)

            try await stage.send("PEXPIRE", Self.lock, "300")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("our state in every phase, and our lock, have its fields with the types that it decodes")
    func isReadable() async throws {
        try await withStage(Keyspace(tenants: 3)) { stage in
            var phases: Set<String> = []
            func look() async throws {
                let state = try #require(try await stage.state())
                #expect(Self.fault(inState: state) == nil)
                phases.insert(try #require(state["phase"] as? String))
            }
            _ = try await stage.converge(with: ["MIGRATEREDIS_APPLY_APPROVAL": "required"])
            try await look()
            let apply = try await stage.start(
                "-migration",
                Self.name,
                "apply",
                "-auto-approve",
                with: ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "10"]
            )
            try await eventually(timeout: .seconds(30), "apply") { try await stage.phase() == "applying" }
            let lock = try #require(try await stage.lock())
            #expect(Self.fault(inLock: lock) == nil)
            apply.signal(SIGTERM)
            _ = try await apply.waitForExit()
            try await look()
            _ = try await stage.run("-migration", Self.name, "apply", "-auto-approve")
            try await look()
            let copy = try #require(stage.keyspace.newNames.first { $0.key.hasSuffix(":d1") })
            let other = try #require(stage.keyspace.newNames.first { $0.key.hasSuffix(":d2") })
            try await stage.send("HSET", copy.key, "config", "here")
            try await stage.send("HSET", copy.value, "config", "there")
            _ = try await stage.run("-migration", Self.name, "verify")
            try await look()
            try await stage.send("HSET", copy.value, "config", "here")
            _ = try await stage.converge(with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"])
            try await look()
            try await stage.send("HSET", other.key, "config", "here")
            try await stage.send("HSET", other.value, "config", "there")
            _ = try await stage.run("-migration", Self.name, "cleanup", "-force")
            try await look()
            try await stage.send("HSET", other.value, "config", "here")
            _ = try await stage.run("-migration", Self.name, "cleanup", "-force")
            try await look()
            #expect(phases == ["planned", "applying", "applied", "failed", "verified", "cleaning", "cleaned"])
            let version = try await stage.text("outpost:schema:version")
            #expect(version == "1")
        }
    }

    @Test("the check of what it decodes finds what it would not")
    func checkBites() throws {
        func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
        let good =
            #"{"migration_name":"m","phase":"applied","started_at":"2026-01-02T15:04:05.123Z","errors":[],"#
            + #""progress":{"total_items":1,"processed_items":1,"failed_items":0,"skipped_items":0},"metadata":{}}"#
        #expect(Self.fault(inState: try object(good)) == nil)
        for (old, new) in [
            (#""m""#, "1"), (#""applied""#, #""done""#), ("2026-01-02T", "2026-01-02 "), (".123Z", ".123"),
            (#""errors":[]"#, #""errors":[1]"#), ("\"total_items\":1", "\"total_items\":1.5"),
            ("\"failed_items\":0,", ""), (#""metadata":{}"#, #""metadata":[]"#),
            ("\"total_items\":1", "\"total_items\":true"),
        ] {
            let bad = good.replacingOccurrences(of: old, with: new)
            #expect(Self.fault(inState: try object(bad)) != nil, "\(old) → \(new)")
        }
        let lock = #"{"migration":"m","started_at":"2026-01-02T15:04:05+01:00","pid":1,"host":"h"}"#
        #expect(Self.fault(inLock: try object(lock)) == nil)
        #expect(Self.fault(inLock: try object(lock.replacingOccurrences(of: "1,", with: "\"1\","))) != nil)
    }

    // MARK: What its decoder accepts

    private static func fault(inState state: [String: Any]) -> String? {
        let phases = ["planned", "applying", "applied", "verified", "cleaning", "cleaned", "failed"]
        guard state["migration_name"] is String else { return "migration_name is no text" }
        guard let phase = state["phase"] as? String, phases.contains(phase) else { return "phase is none it knows" }
        guard isTime(state["started_at"]) else { return "started_at is no time" }
        if let completed = state["completed_at"], !isTime(completed) { return "completed_at is no time" }
        guard let progress = state["progress"] as? [String: Any] else { return "progress is no object" }
        for field in ["total_items", "processed_items", "failed_items", "skipped_items"] {
            guard isInteger(progress[field]) else { return "\(field) is no integer" }
        }
        guard state["errors"] is [String] else { return "errors is no list of texts" }
        guard state["metadata"] is [String: Any] else { return "metadata is no object" }
        return nil
    }

    private static func fault(inLock lock: [String: Any]) -> String? {
        guard lock["migration"] is String, lock["host"] is String else { return "migration or host is no text" }
        guard isTime(lock["started_at"]) else { return "started_at is no time" }
        guard isInteger(lock["pid"]) else { return "pid is no integer" }
        return nil
    }

    /// RFC 3339 as Go's time package reads it: capitals, a colon in the offset, a fraction of any length.
    private static func isTime(_ value: Any?) -> Bool {
        guard let text = value as? String else { return false }
        return text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/) != nil
    }

    /// A number without a fraction that is no truth value.
    private static func isInteger(_ value: Any?) -> Bool {
        guard let number = value as? NSNumber, String(cString: number.objCType) != "c" else { return false }
        return number.doubleValue == Double(number.int64Value)
    }

    // MARK: Looking

    /// What the original's copies are like: content without expiry.
    private static func copyLikeTheOriginal(_ stage: Stage) async throws {
        for (old, new) in stage.keyspace.newNames {
            try await stage.send("COPY", old, new)
            try await stage.send("PERSIST", new)
        }
    }

    private static func document(_ stage: Stage) async throws -> [String: Any] {
        let result = try await stage.run("status", "--output", "json")
        #expect(result.exitStatus == 0, "\(result)")
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
        return try #require(object as? [String: Any])
    }

    private static func status(of stage: Stage) async throws -> [String: Any] {
        try #require((try await document(stage)["migrations"] as? [[String: Any]])?.first)
    }
}
