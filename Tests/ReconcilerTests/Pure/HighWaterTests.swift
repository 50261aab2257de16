import MigrationKit
@testable import RedisClient
import Testing

@testable import Reconciler

@Suite("Noticing what goes backwards")
struct HighWaterTests {
    private static func snapshot(version: Int?, _ states: [String: Phase?], format: Int? = 1) throws -> SchemaSnapshot {
        let unreadable = MigrationError(.unreadable, "odd")
        return SchemaSnapshot(
            version: version.map { .success($0) } ?? .failure(unreadable),
            states: states.mapValues { phase in
                guard let phase else { return .failure(unreadable) }
                var state = MigrationState(migrationName: "m", phase: phase, startedAt: World.start)
                state.format = format
                return .success(state)
            },
            approvals: [:],
            lock: .free,
            pause: nil,
            server: try server(),
            time: World.start
        )
    }

    private static func server() throws -> ServerInfo {
        let parser = try ReplyParser(limits: ReplyLimits())
        let text = "run_id:r\r\nmaster_replid:p\r\nrole:master\r\n"
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
}
