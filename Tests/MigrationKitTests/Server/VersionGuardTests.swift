import MigrationKit
import Migrations
import RedisClient
import Synchronization
import TestSupport
import Testing

/// A schema version that somebody changes while a phase writes.
@Suite("A version that changes under a phase")
struct VersionGuardTests {
    /// A phase that writes, and what must have been done before it.
    enum Phase: String, CaseIterable, Sendable {
        case copy, catchUp, cleanup, rewrite, resolve

        /// The version at which it runs.
        var version: Int {
            switch self {
            case .copy: 0
            case .catchUp, .cleanup, .rewrite, .resolve: 1
            }
        }
    }

    /// What somebody does.
    enum Change: String, CaseIterable, Sendable {
        case raised, removed, nonsense, otherType

        var commands: [String] {
            switch self {
            case .raised: ["SET outpost:schema:version 2"]
            case .removed: ["UNLINK outpost:schema:version"]
            case .nonsense: ["SET outpost:schema:version one"]
            case .otherType: ["UNLINK outpost:schema:version", "SADD outpost:schema:version 1"]
            }
        }
    }

    /// What all records hold, as one number.
    private static let digest = [
        "EVAL",
        """
        local names = redis.call('KEYS', 'tenant:*')
        table.sort(names)
        local all = {}
        for index, name in ipairs(names) do all[index] = redis.sha1hex(name .. redis.call('DUMP', name)) end
        return redis.sha1hex(table.concat(all))
        """,
        "0",
    ].map { Bytes($0) }

    @Test("ends it with the next transaction, and that one writes nothing", arguments: Phase.allCases, Change.allCases)
    func ends(phase: Phase, change: Change) async throws {
        // A version that is not there is 0.
        if phase == .copy, change == .removed { return }
        try await withBench { bench in
            try await bench.addTenants(0..<300)
            if phase != .copy {
                try await bench.apply()
                _ = try await bench.verify()
            }
            switch phase {
            case .copy, .cleanup: break
            case .catchUp: for number in 0..<300 { try await bench.send("HSET tenant:t\(number) name late") }
            case .rewrite:
                for number in 0..<300 {
                    try await bench.send("HSET tenant:{t\(number)}:tenant created_at 2024-05-06T07:08:09Z")
                }
            case .resolve:
                for number in 0..<300 {
                    try await bench.send("HSET tenant:t\(number) name late")
                    try await bench.send("HSET tenant:{t\(number)}:tenant name new")
                }
            }
            let other = try PlainClient(bench.server)
            let transactions = Counter()
            let isChanged = Flag()
            let records = Mutex("")
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("EXEC"), !isChanged.isRaised, transactions.increase() == 6 {
                    for command in change.commands { other.send(command) }
                    records.withLock { $0 = other.send(Self.digest) }
                    isChanged.raise()
                }
            }
            let connection = try await bench.connect(through: proxy)
            let code = await migrationError {
                try await bench.withLease { lease in try await run(phase, on: connection, of: bench, under: lease) }
            }
            #expect(isChanged.isRaised)
            #expect(code == .versionChanged)
            #expect(other.send(Self.digest) == records.withLock { $0 })
        }
    }

    private func run(_ phase: Phase, on connection: RedisConnection, of bench: Bench, under lease: Lease) async throws {
        let runner = bench.runner(on: connection, limits: Limits(batchTime: .milliseconds(1)))
        switch phase {
        case .copy, .catchUp: _ = try await runner.apply(bench.migration, under: lease)
        case .cleanup: _ = try await runner.cleanup(bench.migration, under: lease)
        case .rewrite: _ = try await runner.apply(Timestamps(), under: lease)
        case .resolve:
            _ = try await runner.resolve(
                nil,
                of: bench.migration,
                by: Resolution(keeping: .source),
                order: Override(by: "test", at: "", reason: ""),
                under: lease
            )
        }
    }
}
