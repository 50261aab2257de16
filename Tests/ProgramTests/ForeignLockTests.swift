import RedisClient
import TestSupport
import Testing

@Suite("The lock of another tool")
struct ForeignLockTests {
    private static let lock = "outpost:migration:lock"

    /// A lock that is not ours, and how it is shown.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var command: [String]
        var shown: String

        var testDescription: String { name }
    }

    private static let original =
        "{\"migration\":\"001_hash_tags\",\"started_at\":\"2026-01-01T00:00:00Z\",\"pid\":1,\"host\":\"elsewhere\"}"

    static let cases = [
        Case(name: "the original's", command: ["SETEX", lock, "3600", original], shown: "elsewhere"),
        Case(name: "the original's without TTL", command: ["SET", lock, original], shown: "elsewhere"),
        Case(name: "no JSON", command: ["SET", lock, "locked"], shown: "another tool"),
        Case(name: "empty", command: ["SET", lock, ""], shown: "another tool"),
        Case(name: "a list", command: ["RPUSH", lock, "locked"], shown: "not a string"),
    ]

    @Test("It is waited for, shown, and never touched", arguments: cases)
    func waits(one: Case) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send(one.command)
            let expiry = try await stage.withConnection { try await $0.expiry(of: Bytes(Self.lock)) }
            let before = try await stage.contents()
            let writes = try await stage.writes()

            let socket = try NotifySocket()
            let daemon = try await stage.daemon(socket.variables)
            let line = try await daemon.waitForLine("waiting", "reason=LockHeld")
            #expect(line.contains(one.shown), "\(line)")
            try await eventually(timeout: .seconds(30), "two more passes") { socket.statuses.count >= 3 }
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(apply.exitStatus == 75, "\(apply)")
            #expect(apply.standardError.contains(one.shown), "\(apply)")
            let converge = try await stage.converge()
            #expect(converge.exitStatus == 75, "\(converge)")
            let status = try await stage.run("status", with: Stage.untended)
            #expect(status.exitStatus == 0, "\(status)")
            #expect(status.standardOutput.contains(one.shown), "\(status)")
            let json = try await stage.run("status", "--output", "json", with: Stage.untended)
            #expect(json.standardOutput.contains("\"foreign\" : true"), "\(json)")

            #expect(try await stage.writes() == writes)
            #expect(try await stage.contents().difference(from: before) == nil)
            #expect(try await stage.withConnection { try await $0.expiry(of: Bytes(Self.lock)) } == expiry)

            // Once that tool is done, or a person says so, work begins.
            let unlock = try await stage.run("unlock", "-force")
            #expect(unlock.exitStatus == 0, "\(unlock)")
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }
}
