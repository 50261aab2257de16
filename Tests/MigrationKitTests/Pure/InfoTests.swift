import RedisClient
import Testing

@testable import MigrationKit

/// What a hostile server says, and what a replica can make an honest one say.
@Suite("INFO")
struct InfoTests {
    private static let least = "run_id:a\r\nmaster_replid:b\r\n"

    private static func info(_ lines: String...) throws -> ServerInfo {
        try ServerInfo(replies: [try WireReply.string(Bytes(least + lines.joined(separator: "\r\n")))])
    }

    private static let numbers = [
        "-1", "-9223372036854775808", "281474976710657", "9223372036854775807", "18446744073709551615", "1e9", "", "x",
        "007", "+1",
    ]

    @Test("tells nothing where a number is out of bounds: no trap, no loop", arguments: numbers)
    func outOfBounds(number: String) throws {
        let info = try Self.info(
            "role:master",
            "connected_slaves:\(number)",
            "used_memory:\(number)",
            "mem_not_counted_for_evict:\(number)",
            "evicted_keys:\(number)",
            "total_system_memory:\(number)",
            "current_cow_size:\(number)",
            "rdb_last_bgsave_status:ok",
            "rdb_saves:1",
            "rdb_last_save_time:\(number)",
            "master_repl_offset:\(number)",
            "slave0:ip=h,port=\(number),state=online,offset=\(number),lag=\(number)",
            "db0:keys=\(number),expires=0",
            "db\(number):keys=3",
            "rdb_bgsave_in_progress:1"
        )
        #expect(info.connectedReplicas == nil && info.usedMemory == 0 && info.keys == 0)
        #expect(info.save == .never && info.load.evictedKeys == nil && info.load.usedMemory == 0)
        #expect(info.load.replicas.count == 1 && info.load.replicas.first?.lag == 0)
        #expect(ServerStrain.judge(info.load, previous: info.load, first: info.load, needed: .max)?.degree != .stopped)
    }

    @Test("does not take what a server leaves out for good")
    func leftOut() throws {
        let bare = try Self.info("role:master")
        #expect(bare.evictionPolicy == nil && bare.connectedReplicas == nil && bare.save == .unknown)
        #expect(bare.untold == ["redis_version", "maxmemory", "maxmemory_policy", "used_memory", "connected_slaves"])
        let limited = try Self.info("role:master", "maxmemory:100")
        #expect(!limited.mayEvict && limited.evictionPolicy == nil)
        let whole = try Self.info(
            "role:master",
            "redis_version:7.0.0",
            "maxmemory:0",
            "maxmemory_policy:noeviction",
            "used_memory:1",
            "connected_slaves:0",
            "rdb_last_bgsave_status:ok",
            "rdb_last_save_time:1",
            "rdb_saves:0"
        )
        #expect(whole.untold.isEmpty && whole.save == .never && whole.connectedReplicas == 0)
        let merged = try ServerInfo(merging: [whole, bare])
        #expect(merged.save == .never && merged.evictionPolicy == nil && merged.connectedReplicas == nil)
    }

    @Test("tells of a limit on memory also where it cannot be read: what may drop keys counts as if it did")
    func limit() throws {
        for number in Self.numbers {
            let info = try Self.info("role:master", "maxmemory:\(number)", "maxmemory_policy:allkeys-lru")
            #expect(info.mayEvict && info.maxMemory == Bounded.most, "\(number)")
        }
        #expect(try !Self.info("role:master", "maxmemory:0", "maxmemory_policy:allkeys-lru").mayEvict)
        #expect(try !Self.info("role:master", "maxmemory_policy:allkeys-lru").mayEvict)
    }

    @Test("of many databases is added up without an overflow")
    func databases() throws {
        let lines = (0..<100_000).map { "db\($0):keys=\(Bounded.most),expires=0" }.joined(separator: "\r\n")
        #expect(try Self.info("role:master", lines).keys == Bounded.most)
        #expect(try Self.info("role:master", "db0:keys=9223372036854775807", "db1:keys=5").keys == 5)
    }

    @Test("lists the replicas that it names, however many it counts")
    func replicas() throws {
        let load = try Self.info(
            "role:master",
            "connected_slaves:281474976710656",
            "slave1:ip=b,port=2,state=online,offset=1,lag=1",
            "slave0:ip=a,port=1,state=online,offset=9223372036854775807,lag=1",
            "slave_read_only:1",
            "slave01:ip=c"
        ).load
        #expect(load.replicas.map(\.name) == ["a:1", "b:2"])
    }

    @Test(
        "that tells a field twice is refused, and the message names the field",
        arguments: [
            "role:slave", "run_id:0123", "connected_slaves:-1", "connected_slaves:1", "redis_version:7\u{1B}[31m",
            "role:master",
        ]
    )
    func twice(line: String) throws {
        let error = #expect(throws: RedisError.self) {
            try Self.info("role:master", "connected_slaves:1", "redis_version:7.0.15", "slave0:ip=x", line, "z:,port=6")
        }
        #expect(error?.code == .unexpectedReply)
        let name = try #require(line.split(separator: ":").first)
        #expect(error?.message.contains("tells \(name) twice") == true, "\(error?.message ?? "")")
    }

    @Test(
        "does not count what a replica says of other sections, which the server itself leaves out",
        arguments: ["db9:keys=281474976710656", "dragonfly_version:1", "loading:1", "maxmemory:1", "cluster_enabled:1"]
    )
    func ofAnotherSection(line: String) throws {
        let sections = [
            "# Server\r\n" + Self.least, "# Keyspace\r\ndb0:keys=3,expires=0\r\n",
            "# Replication\r\nrole:master\r\nconnected_slaves:1\r\nslave0:ip=x\r\n\(line)\r\nz:,port=6\r\n",
        ]
        for order in [[0, 1, 2], [2, 1, 0]] {
            let info = try ServerInfo(replies: order.map { try WireReply.string(Bytes(sections[$0])) })
            #expect(info.keys == 3 && info.databases == [0: 3] && info.maxMemory == 0 && !info.isCluster)
            #expect(!info.load.isLoading && info.connectedReplicas == 1)
        }
        let told = sections[1] + line
        #expect(throws: RedisError.self) {
            try ServerInfo(replies: [sections[2], sections[0], told].map { try WireReply.string(Bytes($0)) })
        }
    }

    @Test("of two sections that differ about a field is refused, and of two that agree is read")
    func sections() throws {
        func fields(_ one: String, _ other: String) throws -> InfoFields {
            try InfoFields([WireReply.string(Bytes(one)), WireReply.string(Bytes(other))])
        }
        #expect(try fields("# A\r\nx:1\r\n", "# B\r\nx:1\r\n")["x"] == "1")
        #expect(throws: RedisError.self) { try fields("# A\r\nx:1\r\n", "# B\r\nx:2\r\n") }
    }

    @Test("shows nothing that moves a terminal's cursor or turns letters round")
    func shown() throws {
        let evil = "7\u{1B}[31m\u{9B}\u{202E}\u{2028}\u{200B}E"
        let info = try Self.info(
            "role:master",
            "redis_version:\(evil)",
            "maxmemory_policy:\(evil)",
            "slave0:ip=\(evil),port=\(evil),state=wait_bgsave,offset=0,lag=0"
        )
        for text in [info.version, info.evictionPolicy ?? ""] + info.load.replicas.map(\.name) {
            #expect(
                !text.unicodeScalars.contains { "\u{1B}\u{9B}\u{202E}\u{2028}\u{200B}".unicodeScalars.contains($0) }
            )
            #expect(text.contains("\\x1b[31m"))
        }
    }

    @Test("of a cluster's masters counts the keys of all, and no replicas where one tells no number")
    func merged() throws {
        let one = try Self.info("role:master", "connected_slaves:1", "db0:keys=3")
        let other = try Self.info("role:master", "connected_slaves:2", "db0:keys=4")
        let merged = try ServerInfo(merging: [one, other])
        #expect(merged.keys == 7 && merged.connectedReplicas == 3)
        let odd = try Self.info("role:master", "connected_slaves:-1", "db0:keys=4")
        #expect(try ServerInfo(merging: [one, odd]).connectedReplicas == nil)
    }
}
