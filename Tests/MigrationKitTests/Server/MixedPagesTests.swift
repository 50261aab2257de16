import Glibc
import Migrations
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// Rewrites handle the hashes of several pages together.
@Suite("Pages that are mixed")
struct MixedPagesTests {
    private static let time = "2024-01-02T03:04:05Z"

    /// Records at version 1, without a ledger: pages of 250 names.
    private func withRecords(_ count: Int, _ body: (Bench) async throws -> Void) async throws {
        try await withBench { bench in
            var commands = CommandBuffer()
            for number in 0..<count {
                commands.append("HSET", "tenant:{\(number)}:tenant", "id", "\(number)", "created_at", Self.time)
            }
            _ = try await bench.connection.pipeline(commands).unlessError()
            try await bench.send("SET outpost:schema:version 1")
            try await body(bench)
            // None was left out.
            let result = try await bench.withLease { try await bench.runner().verify(Timestamps(), under: $0) }
            #expect(result.problems == [])
            #expect(result.report.rewrites["tenant"]?.done == count)
        }
    }

    @Test("a batch watches hashes of several pages, so that few of them share a bucket of the server's table")
    func watched() async throws {
        try await withRecords(3000) { bench in
            // SCAN's order does not change while no key comes or goes.
            let places = try await places(of: bench)
            let watched = Mutex<[[Bytes]]>([])
            // The first batch takes long enough for pages to be listed ahead.
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("WATCH"), words.count > 20 else { return }
                if watched.withLock({
                    $0.append(Array(words.dropFirst(2)))
                    return $0.count
                }) == 1 {
                    usleep(500_000)
                }
            }
            let connection = try await bench.connect(through: proxy, timeout: .seconds(30))
            let state = try await bench.withLease {
                try await bench.runner(on: connection).apply(Timestamps(), under: $0)
            }
            #expect(state.report?.written == 3000)
            let spreads = watched.withLock { $0 }.map { batch in
                Set(batch.compactMap { places[$0].map { $0 / 250 } }).count
            }
            #expect(spreads.contains { $0 >= 6 }, "pages in each batch: \(spreads)")
            await connection.close()
        }
    }

    @Test("an apply that is stopped goes on behind the last pages that were done as a whole, and writes each hash once")
    func stopped() async throws {
        try await withRecords(3000) { bench in
            let written = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("HSET") { written.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            let code = await migrationError {
                try await bench.withLease { lease in
                    let runner = bench.runner(on: connection, shouldStop: { written.value > 1500 })
                    _ = try await runner.apply(Timestamps(), under: lease)
                }
            }
            #expect(code == .interrupted)
            let first = written.value
            #expect(first > 1500 && first < 3000)
            let state = try await bench.withLease {
                try await bench.runner(on: connection, shouldStop: { false }).apply(Timestamps(), under: $0)
            }
            #expect(state.phase == .applied)
            #expect(written.value == 3000)
            await connection.close()
        }
    }

    @Test("pages of long names are not kept until there are many")
    func longNames() async throws {
        try await withBench { bench in
            let names = (0..<5000).map { "tenant:{\($0)\(String(repeating: "x", count: 4000))}:tenant" }
            for part in stride(from: 0, to: names.count, by: 500) {
                var commands = CommandBuffer()
                for name in names[part..<part + 500] { commands.append("HSET", name, "created_at", Self.time) }
                _ = try await bench.connection.pipeline(commands).unlessError()
            }
            let context = context(of: bench, Limits())
            let master = bench.connection.masters()[0]
            let lane = PageReader<FieldRewriteLister>.Lane(master: master, runID: "r")
            let reader = PageReader(lister(context), of: [lane], prefix: nil, context: context)
            let pages = PagesAhead(reader)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await pages.run() }
                defer { pages.stop() }
                var taken: [Int] = []
                while let page = try await pages.next() {
                    taken.append(page.listing.items.count)
                    // Long enough for all that there is room for.
                    try await Task.sleep(for: .milliseconds(300))
                }
                #expect(taken.reduce(0, +) == 5000)
                // Two pages of 250 such names are 2 MB; and each page may have a few more.
                #expect(taken.allSatisfy { $0 < 1100 }, "\(taken)")
            }
        }
    }

    @Test("each page is by itself under a cap on the rate, which may come with a reload, with a ledger, and in verify")
    func alone() async throws {
        try await withBench { bench in
            let context = context(of: bench, Limits())
            func mostMixed(_ ledgers: [Ledger] = [], isForWriting: Bool = true) -> Int {
                let lister = lister(context, ledgers, isForWriting: isForWriting)
                return PageReader(lister, of: [], prefix: nil, context: context).mostPagesMixed
            }
            #expect(mostMixed() == 64)
            let ledger = Ledger(names: bench.names, migration: "001_hash_tags", shape: LedgerShape(buckets: 1))
            #expect(mostMixed([ledger]) == 1)
            #expect(mostMixed(isForWriting: false) == 1)
            context.liveLimits.current = Limits(keysPerSecond: 100)
            #expect(mostMixed() == 1)
        }
    }

    @Test("in a cluster each page is by itself, as every node has an order of its own")
    func inACluster() async throws {
        try await withCluster { servers in
            let cluster = try await servers.connect()
            let context = context(on: cluster, KeyNames(isCluster: true), Limits())
            let lister = lister(context)
            #expect(lister.mostPagesMixed == 64)
            #expect(PageReader(lister, of: [], prefix: nil, context: context).mostPagesMixed == 1)
            await cluster.close()
        }
    }

    @Test("only an apply that expects to write most hashes mixes pages: no plan, no verify, no catch-up")
    func phases() async throws {
        try await withBench { bench in
            var context = context(of: bench, Limits())
            func mixes(comparesMostly: Bool) throws -> Bool {
                let rewrites = Timestamps().rewrites(in: bench.names)
                let work = try FieldRewriteWork(
                    rewrites: rewrites,
                    context: context,
                    comparesMostly: comparesMostly,
                    total: 0
                )
                return work.lister.mostPagesMixed > 1
            }
            #expect(try !mixes(comparesMostly: false))
            context.lease = try await bench.withLease { $0 }
            #expect(try mixes(comparesMostly: false))
            #expect(try !mixes(comparesMostly: true))
        }
    }

    private func context(of bench: Bench, _ limits: Limits) -> MigrationContext {
        context(on: bench.connection, bench.names, limits)
    }

    private func context(on keyspace: any Keyspace, _ names: KeyNames, _ limits: Limits) -> MigrationContext {
        MigrationContext(
            names: names,
            keyspace: keyspace,
            lease: nil,
            state: nil,
            isRaised: false,
            limits: limits
        )
    }

    private func lister(
        _ context: MigrationContext,
        _ ledgers: [Ledger] = [],
        isForWriting: Bool = true
    ) -> FieldRewriteLister {
        FieldRewriteLister(
            rewrites: Timestamps().rewrites(in: context.names),
            ledgers: ledgers,
            limits: context.liveLimits,
            isForWriting: isForWriting
        )
    }

    private func places(of bench: Bench) async throws -> [Bytes: Int] {
        var places: [Bytes: Int] = [:]
        var cursor = Bytes("0")
        while true {
            let page = try ScanPage(try await bench.connection.send("SCAN", cursor, Bytes("COUNT"), Bytes("250")))
            for name in page.names.elements.compactMap(\.bytes) { places[name] = places.count }
            if page.isLast { return places }
            cursor = page.cursor
        }
    }
}
