import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

@Suite("A walk beside a strained server")
struct StrainedServerTests {
    /// What a walk said of itself.
    private final class Told: Sendable {
        private let all = Mutex<[WalkStrain?]>([])

        func note(_ progress: Progress) { all.withLock { $0.append(progress.strain) } }

        var reasons: [String] { all.withLock { $0 }.compactMap { $0?.text } }
        var last: WalkStrain? { all.withLock { $0.last ?? nil } }
        func says(_ text: String) -> Bool { reasons.contains { $0.contains(text) } }
    }

    /// Applies under the lock, some hundred keys a second, while `meanwhile` is done to the server.
    private static func apply(
        _ bench: Bench,
        keysPerSecond: Int = 200,
        patience: Duration? = nil,
        shouldStop: @escaping @Sendable () -> Bool = { false },
        told: Told,
        meanwhile: @Sendable @escaping () async throws -> Void
    ) async throws {
        let plan = try await bench.runner().plan(bench.migration)
        let worker = try await bench.connect()
        let failed = Flag()
        var runner = PhaseRunner(
            store: bench.store,
            keyspace: worker,
            registry: .outpost,
            limits: Limits(batchTime: .seconds(1), keysPerSecond: keysPerSecond),
            progress: { told.note($0) },
            shouldStop: { shouldStop() || failed.isRaised }
        )
        runner.patience = patience
        let work = runner
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await meanwhile()
                } catch {
                    // What it waits for may never come, and the walk would go on waiting.
                    failed.raise()
                    throw error
                }
            }
            defer { group.cancelAll() }
            do {
                try await bench.withLease { lease in
                    _ = try await work.record(plan, of: bench.migration, under: lease)
                    _ = try await work.apply(bench.migration, under: lease)
                }
            } catch  where failed.isRaised {
                // What failed first is what counts.
            }
            try await group.waitForAll()
        }
        await worker.close()
    }

    /// Sets the limit so that so many percent of it are in use, and half a percent more.
    private static func fill(_ bench: Bench, percent: Int) async throws {
        let used = try await bench.info("memory", "used_memory")
        try await bench.send("CONFIG SET maxmemory \(used * 1000 / (10 * percent + 5))")
    }

    /// Ballast that makes single keys count for little.
    private static func addBallast(_ bench: Bench, mebibytes: Int) async throws {
        for number in 0..<mebibytes { try await bench.send("SETRANGE ballast:\(number) 1048575 x") }
    }

    @Test("memory near its limit slows, tells and stores the reason, and passes")
    func memorySlows() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<400)
            try await Self.addBallast(bench, mebibytes: 50)
            try await Self.fill(bench, percent: 94)
            let told = Told()
            try await Self.apply(bench, told: told) {
                try await eventually("the reason in the state") {
                    try await bench.state()?.progress.strain?.reason.hasSuffix("% of maxmemory") ?? false
                }
                let copies = try await bench.count("tenant:{*")
                #expect(copies < 400)
                try await bench.send("CONFIG SET maxmemory 0")
            }
            #expect(told.says("slowed: memory is at 9") && !told.says("stopped"), "\(Set(told.reasons))")
            #expect(told.last == nil)
            let state = try await bench.state()
            #expect(state?.phase == .applied && state?.progress.strain == nil)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 400)
        }
    }

    @Test("a slowed walk goes at about half its rate")
    func halfTheRate() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<300)
            try await Self.addBallast(bench, mebibytes: 50)
            let began = ContinuousClock.now
            try await Self.apply(bench, told: Told()) {}
            let free = began.duration(to: .now)
            try await bench.withLease { _ = try await bench.runner().rollback(bench.migration, under: $0) }
            try await Self.fill(bench, percent: 93)
            let again = ContinuousClock.now
            let told = Told()
            try await Self.apply(bench, told: told) {}
            let slowed = again.duration(to: .now)
            #expect(told.says("slowed"))
            #expect(slowed > free * 1.5 && slowed < free * 4, "\(free), slowed \(slowed)")
        }
    }

    @Test("memory at its limit stops before the first copy, and the walk goes on once there is room")
    func memoryStops() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            try await Self.addBallast(bench, mebibytes: 50)
            try await Self.fill(bench, percent: 98)
            let told = Told()
            try await Self.apply(bench, keysPerSecond: 0, told: told) {
                try await eventually("the stop") { told.says("stopped: memory is at 9") }
                try await eventually("the stop in the state") {
                    try await bench.state()?.progress.strain?.degree == .stopped
                }
                // The walk looks again once a second: two looks later it still waits.
                let count = told.reasons.count
                try await eventually("two looks more") { told.reasons.count >= count + 2 }
                let copies = try await bench.count("tenant:{*")
                #expect(copies == 0)
                try await bench.send("CONFIG SET maxmemory 0")
            }
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 50)
        }
    }

    @Test("cleanup, which frees memory, does not wait for it")
    func cleanupFrees() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            try await bench.apply()
            let result = try await bench.verify()
            #expect(result.isValid)
            try await Self.addBallast(bench, mebibytes: 50)
            try await Self.fill(bench, percent: 98)
            // Neither what removes nor its catch-up, which finds nothing to copy.
            let cleaned = try await bench.cleanup()
            #expect(cleaned.removed == 50)
        }
    }

    @Test("a stop that lasts ends the step: it can pass, and names server, figure and way out")
    func patience() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            try await Self.addBallast(bench, mebibytes: 50)
            try await Self.fill(bench, percent: 98)
            do {
                try await Self.apply(bench, patience: .milliseconds(1500), told: Told()) {}
                Issue.record("It did not end.")
            } catch let error as MigrationError {
                #expect(error.code == .serverStrained && error.isRetryable)
                for part in ["memory is at 9", " % of maxmemory", bench.server.socketPath, "Raise maxmemory", "kept"] {
                    #expect(error.message.contains(part), "\(error.message)")
                }
                let state = try await bench.state()
                #expect(state?.errors == [error.message] && state?.progress.strain == nil)
                #expect(state?.phase == .applying)
            }
            try await bench.send("CONFIG SET maxmemory 0")
            try await Self.apply(bench, keysPerSecond: 0, told: Told()) {}
            let state = try await bench.state()
            #expect(state?.phase == .applied && state?.errors == [])
        }
    }

    @Test("an order to stop is obeyed while the walk waits")
    func stopsWhileStopped() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            try await Self.addBallast(bench, mebibytes: 50)
            try await Self.fill(bench, percent: 98)
            let told = Told()
            let asked = Flag()
            let code = await migrationError {
                try await Self.apply(bench, shouldStop: { asked.isRaised }, told: told) {
                    try await eventually("the stop") { told.says("stopped") }
                    asked.raise()
                }
            }
            #expect(code == .interrupted)
        }
    }

    @Test("evictions stop the walk, and it goes on once they have been over for a while")
    func evictions() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<1000)
            try await Self.addBallast(bench, mebibytes: 20)
            // What goes first is what ends first: not the locks, as long as there is anything else.
            for number in 0..<2000 { try await bench.send("SET cache:\(number) x EX 300") }
            try await bench.send("CONFIG SET maxmemory-policy volatile-ttl")
            let told = Told()
            try await Self.apply(bench, told: told) {
                // The walk must have counted once before, which nobody else can see.
                try await Task.sleep(for: .milliseconds(2500))
                let used = try await bench.info("memory", "used_memory")
                try await bench.send("CONFIG SET maxmemory \(used - 2000)")
                try await eventually("an eviction") { try await bench.info("stats", "evicted_keys") > 0 }
                try await bench.send("CONFIG SET maxmemory 0")
                try await eventually("the stop") { told.says("stopped: the server evicts keys, ") }
            }
            let state = try await bench.state()
            #expect(state?.phase == .applied)
            let copies = try await bench.count("tenant:{*")
            #expect(copies == 1000)
        }
    }

    @Test("a replica that has stopped slows the walk until it is back")
    func replica() async throws {
        try await withRedisServer(tcp: true) { server in
            let connection = try await RedisConnection.open(
                ConnectionOptions(endpoint: .unix(path: server.socketPath), clientName: "bench")
            )
            let bench = Bench(server: server, connection: connection)
            try await withRedisServer(arguments: ["--replicaof", "127.0.0.1", "\(server.port ?? 0)"]) { replica in
                try await bench.addTenants(0..<2000)
                try await eventually("the replica") { try await bench.info("replication", "connected_slaves") == 1 }
                let follower = try await RedisConnection.open(
                    ConnectionOptions(endpoint: .unix(path: replica.socketPath), clientName: "bench")
                )
                try await eventually("the replica's data") {
                    try await follower.send("DBSIZE").integer == bench.connection.send("DBSIZE").integer
                }
                await follower.close()
                // One that has acknowledged nothing yet counts as joining, however long it says nothing.
                try await bench.send("SET filler x")
                try await eventually("the replica's word") {
                    let offset = try await bench.info("replication", "master_repl_offset")
                    let line = try await bench.connection.send("INFO", "replication").text ?? ""
                    return line.contains("state=online,offset=\(offset),")
                }
                let told = Told()
                try await replica.pause()
                try await Self.apply(bench, told: told) {
                    // For 4 s, or for more where a look comes late.
                    try await eventually("the reason") { told.says("has said nothing for ") }
                    replica.resume()
                    try await eventually("the end of it") { told.last == nil }
                }
                #expect(told.says("slowed: the replica 127.0.0.1:"))
            }
            await connection.close()
        }
    }

    @Test("a save that makes the server copy much holds the walk up until it ends")
    func save() async throws {
        try await withBench(arguments: ["--rdb-key-save-delay", "3000"]) { bench in
            try await bench.addTenants(0..<1500)
            try await Self.addBallast(bench, mebibytes: 64)
            // The child looks at what it has copied once in 1,024 keys.
            try await bench.server.load((0..<3000).map { "SET filler:\($0) x\n" }.joined())
            let told = Told()
            try await Self.apply(bench, told: told) {
                try await bench.send("BGSAVE")
                for number in 0..<64 {
                    _ = try await bench.connection.send("SETRANGE", Bytes("ballast:\(number)"), Bytes("0"), Self.other)
                }
                try await eventually("the stop") { told.says("stopped: a snapshot has made the server copy") }
                try await eventually(timeout: .seconds(30), "the end of it") { told.last == nil }
            }
            let state = try await bench.state()
            #expect(state?.phase == .applied)
        }
    }

    /// A MiB that is something else than zeros.
    private static let other = Bytes(repeating: 121, count: 1 << 20)

    @Test("servers are asked once a second, and never in the first", arguments: [(0, 0...0), (200, 1...3)])
    func costsLittle(keysPerSecond: Int, asked: ClosedRange<Int>) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<500)
            let questions = Counter()
            // Nothing else asks for this section.
            let proxy = try CommandProxy(bench.server) { _, words in
                if words == [Bytes("INFO"), Bytes("stats")] { questions.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            let limits = Limits(batchTime: .seconds(1), keysPerSecond: keysPerSecond)
            let began = ContinuousClock.now
            try await bench.withLease { lease in
                _ = try await bench.runner().record(
                    try await bench.runner().plan(bench.migration),
                    of: bench.migration,
                    under: lease
                )
                _ = try await bench.runner(on: connection, limits: limits).apply(bench.migration, under: lease)
            }
            let seconds = Int(began.duration(to: .now).components.seconds)
            #expect(questions.value >= asked.lowerBound && questions.value <= max(asked.upperBound, seconds))
            await connection.close()
        }
    }
}
