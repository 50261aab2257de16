import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// Making and removing a ledger's hashes is work on the server like any other.
@Suite("Work on the ledger's hashes")
struct LedgerWorkTests {
    private static func context(
        _ bench: Bench,
        _ lease: Lease,
        limits: Limits = Limits(),
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) -> MigrationContext {
        MigrationContext(
            names: bench.names,
            keyspace: bench.worker,
            lease: lease,
            state: nil,
            isRaised: false,
            limits: limits,
            shouldStop: shouldStop
        )
    }

    private static func hashes(_ bench: Bench) async throws -> Int {
        try await bench.count("outpost:migration:\(bench.migration.name):ledger:*")
    }

    @Test("stops between two transactions when asked, and the next call goes on")
    func stops() async throws {
        try await withBench { bench in
            let ledger = Ledger(names: bench.names, migration: bench.migration.name, shape: LedgerShape(buckets: 5000))
            let asked = Mutex(0)
            let stop: @Sendable () -> Bool = {
                asked.withLock { count in
                    count += 1
                    return count > 3
                }
            }
            let code = await migrationError {
                try await bench.withLease { lease in
                    let context = Self.context(bench, lease, shouldStop: stop)
                    try await ledger.create(under: lease, in: context, on: .read(from: bench.worker))
                }
            }
            #expect(code == .interrupted)
            let made = try await Self.hashes(bench)
            #expect((200...1000).contains(made))
            try await bench.withLease { lease in
                let context = Self.context(bench, lease)
                try await ledger.create(under: lease, in: context, on: .read(from: bench.worker))
                #expect(try await Self.hashes(bench) == 5000)
                try await ledger.remove(under: lease, in: context)
            }
            #expect(try await Self.hashes(bench) == 0)
        }
    }

    @Test("keeps to the cap on the rate")
    func rate() async throws {
        try await withBench { bench in
            let ledger = Ledger(names: bench.names, migration: bench.migration.name, shape: LedgerShape(buckets: 1000))
            let began = ContinuousClock.now
            try await bench.withLease { lease in
                let context = Self.context(bench, lease, limits: Limits(keysPerSecond: 5))
                try await ledger.create(under: lease, in: context, on: .read(from: bench.worker))
            }
            // The last transaction is followed by no rest.
            #expect(began.duration(to: .now) >= .milliseconds(800))
        }
    }

    @Test("ends when the lock is another's")
    func lost() async throws {
        try await withBench { bench in
            let ledger = Ledger(names: bench.names, migration: bench.migration.name, shape: LedgerShape(buckets: 5000))
            let code = await migrationError {
                try await bench.withLease { lease in
                    _ = try await bench.connection.send("SET", bench.names.epoch, Bytes("99:another"))
                    try await ledger.create(
                        under: lease,
                        in: Self.context(bench, lease),
                        on: .read(from: bench.worker)
                    )
                }
            }
            #expect(code == .fenced)
            let made = try await Self.hashes(bench)
            #expect(made == 0)
        }
    }
}
