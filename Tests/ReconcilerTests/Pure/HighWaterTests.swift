import MigrationKit
@testable import RedisClient
import Testing

@testable import Reconciler

@Suite("Noticing what goes backwards")
struct HighWaterTests {
    private static func snapshot(
        version: Int?,
        _ states: [String: Phase?],
        format: Int? = 1,
        epoch: UInt64? = nil,
        server: String = "r/p",
        keys: Int = 10
    ) throws -> SchemaSnapshot {
        let unreadable = MigrationError(.unreadable, "odd")
        return SchemaSnapshot(
            version: version.map { .success($0) } ?? .failure(unreadable),
            states: states.mapValues { phase in
                guard let phase else { return .failure(unreadable) }
                var state = MigrationState(migrationName: "m", phase: phase, startedAt: World.start)
                state.format = format
                state.epoch = epoch
                return .success(state)
            },
            approvals: [:],
            lock: .free,
            pause: nil,
            server: try info(server, keys: keys),
            time: World.start
        )
    }

    private static func info(_ server: String, keys: Int) throws -> ServerInfo {
        let parser = try ReplyParser(limits: ReplyLimits())
        let ids = server.split(separator: "/")
        var text = "run_id:\(ids[0])\r\nmaster_replid:\(ids[1])\r\nrole:master\r\n# Keyspace\r\n"
        if keys > 0 { text += "db0:keys=1,expires=0,avg_ttl=0\r\ndb3:keys=\(keys - 1),expires=0,avg_ttl=0\r\n" }
        try Bytes("$\(text.utf8.count)\r\n\(text)\r\n").withUnsafeBytes(parser.feed)
        return try ServerInfo(replies: parser.take())
    }

    @Test("what only goes forward is no finding")
    func forward() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 0, [:])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .planned])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .applying])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": .verified])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": .cleaned, "m2": .planned])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": .cleaned, "m2": .planned])) == nil)
    }

    @Test("at first sight nothing has gone backwards", arguments: [0, 1, 7])
    func firstSight(version: Int) throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: version, [:])) == nil)
    }

    @Test("a version that fell is found each time until it is back")
    func version() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 2, [:])) == nil)
        for version in [1, 0, 1] {
            let finding = try #require(water.regression(in: try Self.snapshot(version: version, [:])))
            #expect(finding == "The schema version went from 2 to \(version).")
        }
        #expect(water.regression(in: try Self.snapshot(version: 2, [:])) == nil)
    }

    @Test("a state that is gone is found, whatever it was and whoever wrote it", arguments: Phase.allCases)
    func states(phase: Phase) throws {
        for format in [1, nil] {
            var water = HighWater()
            #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": phase], format: format)) == nil)
            let finding = try #require(water.regression(in: try Self.snapshot(version: 0, [:])))
            #expect(finding.hasPrefix("The state of m1 was ") && finding.hasSuffix(" and is gone."))
        }
    }

    @Test("what cannot be read is no loss, and is not remembered as one")
    func unreadable() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": .verified])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: nil, ["m1": Phase?.none])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": .verified])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 1, [:])) != nil)
    }

    @Test("a keyspace that is empty from one look to the next has lost its data")
    func flushed() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 3, ["m1": .cleaned, "m2": .verified])) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, [:])) != nil)
    }

    @Test("a state that falls back from cleaned is found")
    func fallsBack() throws {
        var water = HighWater()
        _ = water.regression(in: try Self.snapshot(version: 1, ["m1": .cleaned]))
        let finding = water.regression(in: try Self.snapshot(version: 1, ["m1": .planned]))
        #expect(finding != nil)
    }

    @Test(
        "a state that falls back behind a point of no return is found",
        arguments: [
            (Phase.cleaned, Phase.cleaning), (.cleaned, .verified), (.cleaning, .verified), (.cleaning, .failed),
        ]
    )
    func behindNoReturn(before: Phase, now: Phase) throws {
        var water = HighWater()
        _ = water.regression(in: try Self.snapshot(version: 1, ["m1": before]))
        let finding = water.regression(in: try Self.snapshot(version: 1, ["m1": now]))
        #expect(finding == "m1 was \(before.rawValue) and is \(now.rawValue) now.")
    }

    @Test("a verify that finds fault, and a person, may lead back", arguments: [Phase.applying, .failed, .planned])
    func back(now: Phase) throws {
        var water = HighWater()
        _ = water.regression(in: try Self.snapshot(version: 1, ["m1": .verified], epoch: 4))
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": now], epoch: 5)) == nil)
    }

    @Test("a state of an earlier epoch is an older one that came back, until a newer one is written")
    func epochs() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .applying], epoch: 7)) == nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .applying], epoch: 7)) == nil)
        let finding = try #require(water.regression(in: try Self.snapshot(version: 0, ["m1": .applying], epoch: 6)))
        #expect(finding == "The state of m1 was written under epoch 7, and is that of epoch 6 now.")
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .applied], epoch: 6)) != nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .applied], epoch: 8)) == nil)
    }

    @Test("a state that loses the epoch under which it was written was written by another tool")
    func withoutEpoch() throws {
        var water = HighWater()
        _ = water.regression(in: try Self.snapshot(version: 0, ["m1": .applying], epoch: 7))
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .applied], format: nil)) != nil)
        var other = HighWater()
        _ = other.regression(in: try Self.snapshot(version: 0, ["m1": .applied], format: nil))
        #expect(other.regression(in: try Self.snapshot(version: 0, ["m1": .applied], format: nil)) == nil)
    }

    @Test("what a step wrote counts as seen: version, state and epoch")
    func noted() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 0, [:])) == nil)
        water.note("m1", epoch: 3, raisedTo: nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, [:])) == "The state of m1 was written and is gone.")
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .planned], epoch: 2)) != nil)
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .planned], epoch: 3)) == nil)
        water.note("m1", epoch: 4, raisedTo: 1)
        #expect(water.regression(in: try Self.snapshot(version: 0, ["m1": .verified], epoch: 4)) != nil)
        #expect(water.regression(in: try Self.snapshot(version: 1, ["m1": .verified], epoch: 4)) == nil)
    }

    @Test("a server that restarts with its data, or is failed over, has lost nothing")
    func restarted() throws {
        var water = HighWater()
        for (server, keys) in [("r1/p1", 10), ("r2/p2", 10), ("r3/p3", 3), ("r1/p3", 1), ("r4/p4", 0), ("r5/p5", 0)] {
            // It was empty already when it restarted for the last time.
            let finding = water.regression(
                in: try Self.snapshot(version: 1, ["m1": .verified], server: server, keys: keys)
            )
            #expect((finding == nil) == (server != "r4/p4"), "\(server): \(finding ?? "")")
        }
    }

    @Test("a server that comes back without its data has lost them, though nothing of ours was there yet")
    func restartedEmpty() throws {
        var water = HighWater()
        #expect(water.regression(in: try Self.snapshot(version: 0, [:], server: "r1/p1", keys: 1200)) == nil)
        let finding = water.regression(in: try Self.snapshot(version: 0, [:], server: "r2/p2", keys: 0))
        #expect(finding == "The server came back without its data: it held 1,200 keys, and holds none now.")
        var person = HighWater()
        #expect(person.regression(in: try Self.snapshot(version: 0, [:], keys: 1200)) == nil)
        #expect(person.regression(in: try Self.snapshot(version: 0, [:], keys: 0)) == nil, "somebody emptied it")
    }

    @Test("a server that was there before the last one has not what was written to that")
    func olderServer() throws {
        var water = HighWater()
        for server in ["r1/p1", "r2/p2", "r1/p3"] {
            #expect(water.regression(in: try Self.snapshot(version: 1, [:], server: server)) == nil)
        }
        let finding = try #require(water.regression(in: try Self.snapshot(version: 1, [:], server: "r2/p2")))
        #expect(finding.hasPrefix("The server is again one that it was before"))
    }

    @Test("servers without number cost no memory without bound")
    func manyServers() throws {
        var water = HighWater()
        for number in 0..<1000 {
            #expect(water.regression(in: try Self.snapshot(version: 1, [:], server: "r\(number)/p")) == nil)
        }
    }
}
