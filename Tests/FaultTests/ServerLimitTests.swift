import Foundation
import RedisClient
import TestSupport
import Testing

/// One record that exceeds a limit of its server, which ends the connection over it.
@Suite("A record beyond a limit of the server")
struct ServerLimitTests {
    private static let large = "tenant:t3:destinations"
    private static let untended = ["MIGRATEREDIS_SCHEMA_TARGET": "1"]

    /// A limit of one server, with what lifts it.
    struct Limit: CustomTestStringConvertible, Sendable {
        var setting: String
        var value: String
        var lifted: String
        var testDescription: String { setting }
    }

    private static let limits = [
        Limit(setting: "client-output-buffer-limit", value: "normal 10mb 0 0", lifted: "normal 0 0 0"),
        Limit(setting: "maxmemory-clients", value: "8mb", lifted: "0"),
    ]

    @Test(
        "is held and named, whatever the limit, and the rest is copied; once it is lifted, all is well",
        arguments: limits
    )
    func ofOneServer(_ limit: Limit) async throws {
        try await withStage(Keyspace(tenants: 30)) { stage in
            try await stage.send("HSET", Self.large, "x", String(repeating: "y", count: 20_000_000))
            guard (try? await stage.send("CONFIG", "SET", limit.setting, limit.value)) != nil else {
                // Redis 7.0 brought it.
                return
            }
            let daemon = try await stage.daemon(Self.untended)
            try await daemon.waitForLine("stalled", "reason=ConflictsFound", timeout: .seconds(60))
            #expect(daemon.lines("waiting").isEmpty, "it is no outage")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.text("outpost:schema:version") == nil, "what is held keeps the version")
            let held = try await stage.run("status", "--held", "001_hash_tags")
            #expect(held.standardOutput.contains("refused  \(Self.large)"), "\(held)")
            let status = try await stage.run("status")
            #expect(status.standardOutput.contains("client-output-buffer-limit"), "\(status)")
            let copies = try await stage.send("KEYS", "tenant:{*").count
            #expect(copies == stage.keyspace.moving - 1)

            try await stage.send("CONFIG", "SET", limit.setting, limit.lifted)
            #expect(try await stage.run("retry").exitStatus == 0)
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
            #expect(try await stage.send("HSTRLEN", "tenant:{t3}:destinations", "x").integer == 20_000_000)
            #expect(try await stage.send("EXISTS", Self.large).integer == 0)
        }
    }

    @Test("that grew after its copy is held by verify and cleanup, and its old key stays")
    func afterTheRaise() async throws {
        try await withStage(Keyspace(tenants: 12)) { stage in
            let settings = Stage.untended.merging(["MIGRATEREDIS_CLEANUP_APPROVAL": "required"]) { $1 }
            let first = try await stage.run(["converge"], with: settings)
            #expect(first.exitStatus == 0, "\(first)")
            try await stage.send("HSET", "tenant:{t3}:destinations", "x", String(repeating: "y", count: 20_000_000))
            try await stage.send("CONFIG", "SET", "client-output-buffer-limit", "normal 10mb 0 0")
            for command in [["apply", "--yes"], ["cleanup", "--yes"], ["verify"]] {
                let result = try await stage.run(command + ["-migration", "001_hash_tags"], timeout: .seconds(60))
                #expect(result.exitStatus != 69, "\(command): \(result)")
                #expect("\(result)".contains("refused") || "\(result)".contains("hangs up"), "\(command): \(result)")
            }
            try await stage.send("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")
            let rest = try await stage.send("KEYS", "tenant:t*").elements.compactMap(\.text)
            #expect(rest.contains(Self.large), "\(rest)")
            #expect(try await stage.send("EXISTS", "tenant:t4", "tenant:t3").integer == 0, "the others went")
        }
    }

    @Test("is held where the field is that tells what a name is, and where a field is to be rewritten")
    func inAField() async throws {
        try await withStage(Keyspace(tenants: 12)) { stage in
            let value = String(repeating: "y", count: 20_000_000)
            try await stage.send("HSET", "tenant:acme:eu", "id", value)
            try await stage.send("CONFIG", "SET", "client-output-buffer-limit", "normal 10mb 0 0")
            let plan = try await stage.run("plan", "001_hash_tags")
            #expect(plan.standardOutput.contains("refused"), "\(plan)")
            try await stage.send("HSET", "tenant:acme:eu", "id", "acme:eu")
            let all = Stage.untended.merging(["MIGRATEREDIS_SCHEMA_TARGET": "3"]) { $1 }
            let first = try await stage.run(["converge"], with: Stage.untended)
            #expect(first.exitStatus == 0, "\(first)")
            try await stage.send("HSET", "tenant:{t5}:tenant", "created_at", value)
            let second = try await stage.run(["converge"], with: all)
            #expect(second.exitStatus == 1, "\(second)")
            #expect(try await stage.text("outpost:schema:version") == "1")
            let held = try await stage.run("status", "--held", "002_timestamps")
            #expect(held.standardOutput.contains("refused  tenant:{t5}:tenant"), "\(held)")
            try await stage.send("HSET", "tenant:{t5}:tenant", "created_at", "2026-01-02T03:04:05Z")
            #expect(try await stage.run("retry").exitStatus == 0)
            let third = try await stage.run(["converge"], with: all)
            #expect(third.exitStatus == 0, "\(third)")
            #expect(try await stage.text("outpost:schema:version") == "3")
        }
    }

    @Test(
        "of a cluster is held and named, and the rest is copied",
        arguments: [["--proto-max-bulk-len", "1mb"], ["--client-query-buffer-limit", "1mb"]]
    )
    func ofACluster(_ arguments: [String]) async throws {
        try await withClusterStage(Keyspace(tenants: 30), arguments: arguments) { stage in
            // In pieces that the limits allow.
            let fields = (0..<30).map { [Bytes("HSET"), Bytes(Self.large), Bytes("x\($0)"), Self.noise(100_000, $0)] }
            for field in fields { try await stage.cluster.load([field]) }
            let daemon = try await stage.daemon(Self.untended)
            try await daemon.waitForLine("stalled", "reason=ConflictsFound", timeout: .seconds(90))
            #expect(daemon.lines("waiting").isEmpty, "it is no outage")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.text("outpost:schema:version") == nil)
            let held = try await stage.run("status", "--held", "001_hash_tags")
            #expect(held.standardOutput.contains("tenant:t3:destinations"), "\(held)")
            let status = try await stage.run("status")
            #expect(status.standardOutput.contains("refused"), "\(status)")
            for node in stage.cluster.masters {
                let setting = arguments[0].dropFirst(2)
                _ = try await node.cli("CONFIG", "SET", String(setting), "512mb")
            }
            #expect(try await stage.run("retry").exitStatus == 0)
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
        }
    }

    /// Bytes that the server cannot pack.
    private static func noise(_ count: Int, _ seed: Int) -> Bytes {
        var generator = SplitMix64(seed: UInt64(seed + 1))
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    @Test("is not what a server is that goes away: nothing is held then")
    func outage() async throws {
        try await withStage(Keyspace(tenants: 40)) { stage in
            let daemon = try await stage.daemon(Self.untended.merging(Stage.slow) { $1 })
            try await eventually { try await stage.phase() == "applying" }
            try await eventually { try await stage.send("KEYS", "tenant:{*").count > 10 }
            await stage.server.kill()
            try await daemon.waitForLine("RedisUnreachable", timeout: .seconds(30))
            #expect(daemon.lines("keys held back").isEmpty)
            #expect(await daemon.stop() == .exited(0))
        }
    }
}
