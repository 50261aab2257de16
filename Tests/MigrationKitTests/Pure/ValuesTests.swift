import RedisClient
import Testing

@testable import MigrationKit

@Suite("Small values")
struct ValuesTests {
    @Test(
        "a time is written as RFC 3339 has it",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (500, "1970-01-01T00:00:00.500Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20.000Z"), (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59.000Z"), (-1000, "1969-12-31T23:59:59.000Z"),
        ] as [(Int64, String)]
    )
    func rfc3339(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test("every millisecond of a time is written")
    func everyMillisecond() {
        var wrong: [String] = []
        for part in 0..<1000 as Range<Int64> {
            let text = Timestamp(milliseconds: 1_700_000_000_000 + part).rfc3339
            let digits = String(1000 + part).dropFirst()
            if text != "2023-11-14T22:13:20.\(digits)Z" { wrong.append("\(part): \(text)") }
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3))")
    }

    @Test("times are ordered and their difference has a sign")
    func differences() {
        let early = Timestamp(milliseconds: 5)
        let late = Timestamp(milliseconds: 12)
        #expect(early < late && !(late < early))
        #expect(early.duration(to: late) == .milliseconds(7) && late.duration(to: early) == .milliseconds(-7))
        #expect(Timestamp.now.milliseconds > 1_700_000_000_000)
    }

    @Test("a duration's whole milliseconds are those that have passed")
    func milliseconds() {
        #expect(Duration.seconds(2).milliseconds == 2000)
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.zero.milliseconds == 0)
        #expect(Duration.seconds(3600).milliseconds == 3_600_000)
    }

    @Test(
        "pairs that changed under verify's eyes are many above 20 and 1 %",
        arguments: [
            (20, 0, false), (21, 0, true), (21, 2100, false), (22, 2100, true), (20, 20, false), (21, 21, true),
            (1000, 100_000, false), (1001, 100_000, true),
        ]
    )
    func many(count: Int, total: Int, isMany: Bool) {
        #expect(Few.isMany(count, of: total) == isMany)
    }

    @Test(
        "pairs that may vanish are 10 or one in a thousand",
        arguments: [(0, 10), (10, 10), (10_000, 10), (11_000, 11), (1_000_000, 1000)]
    )
    func missing(total: Int, few: Int) {
        #expect(Few.ofMissing(total) == few)
    }

    @Test("only what a person must settle or change is not worth another try")
    func retryable() {
        let retryable: Set<MigrationError.Code> = [
            .lockHeld, .leaseLost, .fenced, .serverChanged, .interrupted, .gateClosed, .pinned,
        ]
        for code in [
            .lockHeld, .leaseLost, .fenced, .unreadable, .serverChanged, .sourcesDisappeared, .copyDiffers,
            .interrupted, .wrongPhase, .gateClosed, .unknownMigration, .unsupported, .evictionPolicy,
        ] as [MigrationError.Code] {
            #expect(MigrationError(code, "x").isRetryable == retryable.contains(code), "\(code)")
        }
    }

    @Test("a phase counts as verified from verified on, and never when it failed")
    func phases() {
        let verified: Set<Phase> = [.verified, .cleaning, .cleaned]
        for phase in Phase.allCases { #expect(phase.isVerifiedOrLater == verified.contains(phase), "\(phase)") }
    }

    @Test("TIME is read to the millisecond, and nothing else is taken for it")
    func serverTime() throws {
        let time = try ServerTime.read(WireReply.parse("*2\r\n$10\r\n1700000000\r\n$6\r\n123999\r\n"))
        #expect(time == Timestamp(milliseconds: 1_700_000_000_123))
        for odd in ["*1\r\n$1\r\n1\r\n", "*2\r\n$1\r\nx\r\n$1\r\n1\r\n", "$1\r\n1\r\n", "-LOADING x\r\n", "*0\r\n"] + [
            "*2\r\n$19\r\n9223372036854775807\r\n$1\r\n0\r\n", "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n",
        ] {
            #expect(throws: RedisError.self, "\(odd)") { try ServerTime.read(WireReply.parse(odd)) }
        }
    }

    @Test("INFO tells who a server is, what it may evict, and is refused without an identity")
    func serverInfo() throws {
        func info(_ sections: [String]) throws -> ServerInfo {
            try ServerInfo(replies: sections.map { try WireReply.string(Bytes($0)) })
        }
        let whole = try info([
            "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n",
            "# Replication\r\nrole:master\r\nmaster_replid:def\r\n",
            "# Memory\r\nused_memory:5\r\nmaxmemory:10\r\nmaxmemory_policy:allkeys-lru\r\n", "cluster_enabled:1\r\n",
        ])
        #expect(whole.identity == ServerIdentity(runID: "abc", replicationID: "def"))
        #expect(whole.isMaster && whole.isCluster && whole.mayEvict && whole.version == "7.0.15")
        let replica = try info([
            "run_id:abc\r\nmaster_replid:def\r\nrole:slave\r\nmaxmemory:10\r\nmaxmemory_policy:noeviction"
        ])
        #expect(!replica.isMaster && !replica.isCluster && !replica.mayEvict)
        let unlimited = try info([
            "run_id:a\r\nmaster_replid:b\r\nrole:master\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru"
        ])
        #expect(!unlimited.mayEvict)
        for missing in ["run_id:a\r\nrole:master", "run_id:a\r\nmaster_replid:b", "master_replid:b\r\nrole:master", ""]
        {
            #expect(throws: RedisError.self) { try info([missing]) }
        }
    }

    @Test(
        "a server that does not tell its identity is refused, with the fields that are missing",
        arguments: [
            ("run_id:a\r\nrole:master\r\n", "INFO does not name master_replid:"),
            ("role:master\r\n", "INFO does not name run_id, master_replid:"),
            ("redis_version:7.0.15\r\n", "INFO does not name run_id, master_replid, role:"),
        ]
    )
    func missingIdentity(lines: String, words: String) throws {
        let error = #expect(throws: RedisError.self) { try ServerInfo(replies: [try WireReply.string(Bytes(lines))]) }
        #expect(error?.code == .unsupportedServer && error?.message.contains(words) == true)
    }

    @Test(
        "servers on which the fence would not hold are refused in one sentence with a way out",
        arguments: [
            ("role:active-replica\r\n", "KeyDB"), ("role:master\r\nconnected_masters:1\r\n", "KeyDB"),
            ("role:master\r\ndragonfly_version:df-v1.27.1\r\n", "Dragonfly"),
        ]
    )
    func refusedServers(lines: String, name: String) throws {
        let error = #expect(throws: RedisError.self) {
            try ServerInfo(replies: [try WireReply.string(Bytes("run_id:a\r\nmaster_replid:b\r\n" + lines))])
        }
        #expect(error?.code == .unsupportedServer && error?.isRetryable == false)
        #expect(error?.message.contains(name) == true && error?.message.contains("Migrate on") == true)
    }
}
