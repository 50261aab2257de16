import Foundation
import TestSupport
import Testing

@Suite("plan")
struct PlanTests {
    private static let name = "001_hash_tags"

    private func plan(_ stage: Stage, _ more: String..., migration: String = name) async throws -> ProcessResult {
        let changes = try await stage.changes()
        let before = try await stage.snapshot(withBookkeeping: true)
        let result = try await stage.run(["-migration", migration, "plan"] + more)
        #expect(try await stage.changes() == changes, "a plan writes nothing")
        #expect(try await stage.snapshot(withBookkeeping: true) == before)
        return result
    }

    /// Kind by kind: keys, to write, done, held.
    private func rows(_ result: ProcessResult) -> [String: [Int]] {
        let kinds: Set<String> = ["tenant", "summary", "destination"]
        let words = result.standardOutput.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let rows = words.filter { $0.count == 5 && kinds.contains($0[0]) }
        return Dictionary(rows.map { ($0[0], $0.dropFirst().compactMap { Int($0) }) }) { first, _ in first }
    }

    @Test("counts by kind what is there, what is to write and what is done, before, between and after")
    func counts() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            // Five tenants, three of them with a soft-deleted destination.
            let fresh = try await plan(stage)
            #expect(fresh.exitStatus == 0, "\(fresh)")
            #expect(rows(fresh) == ["destination": [13, 13, 0, 0], "summary": [5, 5, 0, 0], "tenant": [5, 5, 0, 0]])
            #expect(fresh.standardOutput.contains("\n4 keys are unrelated and stay untouched, such as "), "\(fresh)")

            #expect(try await stage.run("-migration", Self.name, "apply", "-auto-approve").exitStatus == 0)
            let applied = try await plan(stage)
            #expect(
                rows(applied) == ["destination": [13, 0, 13, 0], "summary": [5, 0, 5, 0], "tenant": [5, 0, 5, 0]]
            )
            try await stage.send("HSET", "tenant:t1:destination:d1", "config", "newer")
            let changed = try await plan(stage)
            #expect(rows(changed)["destination"] == [13, 1, 12, 0])

            #expect(try await stage.converge().exitStatus == 0)
            let cleaned = try await plan(stage)
            #expect(cleaned.exitStatus == 0, "\(cleaned)")
            #expect(rows(cleaned).values.allSatisfy { $0[1] == 0 && $0[3] == 0 }, "\(cleaned)")
        }
    }

    @Test("an empty keyspace has nothing to do, and says so")
    func empty() async throws {
        try await withStage(Keyspace()) { stage in
            let result = try await plan(stage)
            #expect(result.exitStatus == 0, "\(result)")
            #expect(result.standardOutput.contains("No key of this migration was found."), "\(result)")
            #expect(result.standardOutput.contains("\n0 keys are unrelated and stay untouched.\n"), "\(result)")
        }
    }

    @Test("names in samples are escaped: nothing that is stored moves the cursor or ends a line")
    func escaped() async throws {
        try await withStage(Keyspace()) { stage in
            try await stage.send("HSET", "tenant:a\u{1B}[2J\r\nb", "id", "a\u{1B}[2J\r\nb")
            try await stage.send("HSET", "tenant:\u{202E}x", "id", "\u{202E}x")
            try await stage.send("SET", "other\u{7}\tkey", "x")
            try await stage.send("HSET", "tenant:f\u{9B}", "id", "f\u{9B}")
            try await stage.send("HSET", "tenant:{f\u{9B}}:tenant", "id", "f\u{9B}", "name", "somebody else's")
            let result = try await plan(stage, "-verbose")
            #expect(result.exitStatus == 1, "\(result)")
            let text = result.standardOutput
            for shown in [
                #"tenant:a\x1b[2J\x0d\x0ab → tenant:{a\x1b[2J\x0d\x0ab}:tenant"#, #"other\x07\x09key"#,
                #"tenant:\xe2\x80\xaex"#, #"foreign  tenant:f\xc2\x9b"#,
            ] { #expect(text.contains(shown), "\(shown) in \(text)") }
            let isSafe = text.unicodeScalars.allSatisfy { scalar in
                scalar == "\n"
                    || scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
            }
            #expect(isSafe)
        }
    }

    @Test("shows few samples, and 20 with -verbose; never more, whatever there is")
    func samples() async throws {
        try await withStage(Keyspace(tenants: 20)) { stage in
            for number in 0..<30 { try await stage.send("SET", "other:\(number)", "x") }
            let few = try await plan(stage)
            let arrows = { (result: ProcessResult) in result.standardOutput.components(separatedBy: " → ").count - 1 }
            #expect(arrows(few) == 3, "\(few)")
            let many = try await plan(stage, "-verbose")
            #expect(arrows(many) == 20, "\(many)")
            let line = try #require(
                many.standardOutput.split(separator: "\n").first { $0.contains("keys are unrelated") }
            )
            #expect(line.hasPrefix("34 keys are unrelated") && line.split(separator: ",").count == 21, "\(line)")
        }
    }

    @Test("counts and names each kind of conflict, and exits 1")
    func conflicts() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            try await stage.send("HSET", "tenant:{t1}:tenant", "id", "t1", "name", "somebody else's")
            try await stage.send("HSET", "tenant:{t2}:destinations", "d9", "{}")
            try await stage.send("HSET", "tenant:{x}:destinations", "d1", "{}")
            let result = try await plan(stage)
            #expect(result.exitStatus == 1, "\(result)")
            #expect(rows(result)["tenant"] == [5, 4, 0, 1] && rows(result)["summary"] == [5, 4, 0, 1], "\(result)")
            for line in [
                "  ambiguous  1\n", "  foreign  2\n", "    foreign  tenant:t1\n",
                "    foreign  tenant:t2:destinations\n",
                "    ambiguous  tenant:{x}:destinations\n",
            ] { #expect(result.standardOutput.contains(line), "\(line)\(result)") }
        }
    }

    @Test("names what is larger than limits.key-bytes, the largest first, with the stall that a copy would mean")
    func large() async throws {
        try await withStage(Keyspace(tenants: 4)) { stage in
            let value = String(repeating: "y", count: 1_000_000)
            try await stage.send("HSET", "tenant:t1:destinations", "x", value)
            try await stage.send("HSET", "tenant:t2:destinations", "x", value, "y", value)
            let result = try await stage.run(
                "-migration",
                Self.name,
                "plan",
                with: ["MIGRATEREDIS_LIMITS_KEY_BYTES": "512KiB"]
            )
            #expect(result.exitStatus == 1, "\(result)")
            let lines = result.standardOutput.split(separator: "\n").map(String.init)
            let heading = try #require(lines.firstIndex { $0.hasPrefix("Larger than limits.key-bytes") }, "\(result)")
            let named = lines[(heading + 1)...].prefix(2)
            for (line, start) in zip(named, ["  tenant:t2:destinations  ", "  tenant:t1:destinations  "]) {
                #expect(line.hasPrefix(start) && line.contains(" MiB, for ") && line.contains(" ms to "), "\(line)")
            }
            let all = try await plan(stage)
            #expect(!all.standardOutput.contains("Larger than"), "\(all)")
        }
    }

    @Test("tells the memory that copies take against what is free, and warns of nothing where there is no limit")
    func memory() async throws {
        try await withStage(Keyspace(tenants: 40)) { stage in
            let unlimited = try await plan(stage)
            #expect(unlimited.standardOutput.contains("; the server sets no limit on memory."), "\(unlimited)")
            let needed = try #require(kibibytes(behind: "Copies take about ", in: unlimited))
            // 123 destinations with a value of 80 bytes, 41 tenants and summaries: hashes of 100 to 400 bytes each.
            #expect((20...120).contains(needed), "\(needed) KiB")

            try await stage.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
            let used = try await stage.info("memory", "used_memory")
            try await stage.send("CONFIG", "SET", "maxmemory", String(used + 64 * 1_048_576))
            let limited = try await plan(stage)
            let free = limited.standardOutput.split(separator: "\n").first { $0.contains(" of maxmemory are free.") }
            let mebibytes = try #require(
                free?.split(separator: "; ").last?.split(separator: " ").first.flatMap { Double($0) }
            )
            #expect((60...64.1).contains(mebibytes), "\(limited)")

            #expect(!limited.standardOutput.contains("too little"), "\(limited)")

            try await stage.send("CONFIG", "SET", "maxmemory", String(used + 8192))
            let short = try await stage.run("-migration", Self.name, "plan")
            #expect(short.exitStatus == 0 && short.standardOutput.contains("That is too little"), "\(short)")

            // What is copied already takes none.
            try await stage.send("CONFIG", "SET", "maxmemory", "0")
            #expect(try await stage.run("-migration", Self.name, "apply", "-auto-approve").exitStatus == 0)
            let applied = try await plan(stage)
            #expect(!applied.standardOutput.contains("Copies take"), "\(applied)")
        }
    }

    @Test("of a rewrite in place counts hashes, and names the values that cannot be converted")
    func rewrites() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let end = try await stage.converge()
            #expect(end.exitStatus == 0, "\(end)")
            try await stage.send("HSET", "tenant:{t1}:destination:d2", "created_at", "yesterday")
            let result = try await plan(stage, migration: "002_timestamps")
            #expect(result.exitStatus == 1, "\(result)")
            // 3 tenants without times; of 8 destinations one cannot be converted.
            #expect(rows(result) == ["destination": [8, 7, 0, 1], "tenant": [3, 0, 3, 0]], "\(result)")
            #expect(result.standardOutput.contains("notATimestamp  tenant:{t1}:destination:d2"), "\(result)")
        }
    }

    @Test("a migration that does not concern the deployment needs no plan; one that nobody knows is named")
    func others() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let result = try await stage.run("-migration", Self.name, "plan", with: ["DEPLOYMENT_ID": "d1"])
            #expect(result.exitStatus == 0 && result.standardOutput.contains("does not concern this deployment"))
            let unknown = try await plan(stage, migration: "009_nothing")
            #expect(unknown.exitStatus == 64 && unknown.standardError.contains("001_hash_tags"), "\(unknown)")
        }
    }

    private func kibibytes(behind text: String, in result: ProcessResult) -> Double? {
        guard let mark = result.standardOutput.firstRange(of: text) else { return nil }
        let words = result.standardOutput[mark.upperBound...].split(separator: " ")
        guard words.count > 1, words[1].hasPrefix("KiB") else { return nil }
        return Double(words[0])
    }
}
