import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// What a holder still writes after the lock or the epoch is no longer its own: nothing.
@Suite("A lost lease")
struct LeaseLossTests {
    /// A way to lose it, as a command of somebody else.
    struct Loss: Sendable, CustomTestStringConvertible {
        var command: String
        var code: MigrationError.Code
        var testDescription: String { command }
    }

    private static let losses = [
        Loss(command: "UNLINK outpost:migration:lock", code: .leaseLost),
        Loss(command: "SET outpost:migration:lock somebody", code: .leaseLost),
        Loss(command: "PEXPIRE outpost:migration:lock -1", code: .leaseLost),
        Loss(command: "RENAME outpost:migration:lock elsewhere", code: .leaseLost),
        Loss(command: "FLUSHDB", code: .fenced),
        Loss(command: "UNLINK outpost:migration:epoch", code: .fenced),
        Loss(command: "SET outpost:migration:epoch 9:another", code: .fenced),
    ]

    /// Two batches are under way at a time: of the one that has looked already, the epoch stops the commit, and the lock
    /// does not.
    @Test("stops the work before its next batch", arguments: losses)
    func stops(loss: Loss) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<300)
            let client = try PlainClient(bench.server)
            let copies = Counter()
            let before = Mutex<Int?>(nil)
            // Strikes before the fifth batch looks at the epoch.
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("COPY") { copies.increase() }
                guard words.first == Bytes("WATCH"), copies.value > 60 else { return }
                before.withLock { before in
                    guard before == nil else { return }
                    client.send(loss.command)
                    before = Self.copies(client)
                }
            }
            let connection = try await bench.connect(through: proxy)
            let code = await migrationError { try await bench.apply(on: connection) }
            #expect(code == loss.code || code == .leaseLost)
            let struck = try #require(before.withLock { $0 })
            let more = Self.copies(client) - struck
            #expect(more >= 0 && more <= (loss.code == .fenced ? 0 : BatchPace.largest), "\(more)")
        }
    }

    private static func copies(_ client: PlainClient) -> Int {
        client.send("KEYS tenant:{*").split(whereSeparator: \.isNewline).count { $0.hasPrefix("tenant:{") }
    }

    @Test(
        "a transaction whose EXEC comes after the epoch was raised writes nothing",
        arguments: ["SET outpost:migration:001_hash_tags:state", "HSETNX", "COPY tenant:"],
        ["SET outpost:migration:epoch 9:another", "UNLINK outpost:migration:epoch", "FLUSHDB"]
    )
    func lateBatch(write: String, strike: String) async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<50)
            let client = try PlainClient(bench.server)
            let isArmed = Flag()
            let hasStruck = Flag()
            let dump = Mutex("")
            let proxy = try CommandProxy(bench.server) { _, words in
                let command = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
                if command.hasPrefix(write) { isArmed.raise() }
                guard command == "EXEC", isArmed.isRaised, !hasStruck.isRaised else { return }
                client.send(strike)
                hasStruck.raise()
                dump.withLock { $0 = Self.dump(client) }
            }
            let connection = try await bench.connect(through: proxy)
            let after = Mutex("")
            let code = await migrationError {
                try await bench.withLease { lease in
                    _ = try await bench.runner().record(
                        try await bench.runner().plan(bench.migration),
                        of: bench.migration,
                        under: lease
                    )
                    defer { after.withLock { $0 = Self.dump(client) } }
                    _ = try await bench.runner(on: connection).apply(bench.migration, under: lease)
                }
            }
            #expect(hasStruck.isRaised)
            #expect(code == .fenced || code == .leaseLost)
            #expect(after.withLock { $0 } == dump.withLock { $0 })
        }
    }

    /// Every key but the lock, which is given back, with its bytes.
    private static func dump(_ client: PlainClient) -> String {
        let keys = client.send("KEYS *").split(whereSeparator: \.isNewline).map(String.init)
            .filter { !$0.hasPrefix("*") && !$0.hasPrefix("$") && $0 != "outpost:migration:lock" }
        return keys.sorted().map { "\($0) \(client.send("DUMP \($0)"))" }.joined(separator: "\n")
    }

    @Test("an EXEC that was queued before the epoch was raised, and comes after, is refused")
    func lateExec() async throws {
        try await withBench { bench in
            let late = try await bench.connectAsAdministrator()
            var watch = LockWatch()
            let first = Locksmith(names: bench.names, identity: .named("first"), times: LockTimes())
            let lease = try await first.acquire(on: late, for: "test", watch: &watch)
            var look = CommandBuffer()
            look.append("WATCH", bench.names.epoch)
            look.append("GET", bench.names.epoch)
            look.append("MULTI")
            look.append("SET", "data", "late")
            let seen = try await late.pipeline(look).unlessError()
            #expect(seen[1].equals(lease.epoch.bytes))

            let shown = try await bench.snapshot().locks
            let second = Locksmith(names: bench.names, identity: .named("second"), times: LockTimes())
            let isRemoved = try await second.unlock(shown, on: bench.connection)
            #expect(isRemoved)
            var other = LockWatch()
            _ = try await second.acquire(on: bench.connection, for: "test", watch: &other)

            let reply = try await late.send("EXEC")
            #expect(reply.isNull)
            let data = try await bench.connection.send("GET", "data")
            #expect(data.isNull)
        }
    }

    @Test("the old holder's batch after a take-over writes nothing, and says why")
    func oldHolder() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            let first = Locksmith(names: bench.names, identity: .killed(), times: LockTimes())
            let old = try await first.acquire(on: bench.connection, for: "test", watch: &watch)
            let me = HolderIdentity.current(instance: "me", version: "test")
            let second = Locksmith(names: bench.names, identity: me, times: LockTimes())
            var other = LockWatch()
            _ = try await second.acquire(on: bench.connection, for: "test", watch: &other)
            let writes = try await bench.writes()
            for _ in 0..<2 {
                let code = await migrationError {
                    _ = try await bench.store.raiseVersion(
                        to: 1,
                        by: "test",
                        recording: OutpostRecord(.applied),
                        under: old,
                        on: bench.connection
                    )
                }
                #expect(code == .fenced)
            }
            let after = try await bench.writes()
            #expect(after == writes)
        }
    }

    @Test("renewals abort no batch, even every ten milliseconds")
    func renewalsAbortNothing() async throws {
        try await withBench { bench in
            try await bench.addTenants(0..<600)
            // A refused EXEC is tried again, and its copies are sent a second time.
            let sent = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("COPY"), words[1].starts(with: Bytes("tenant:")) { sent.increase() }
            }
            let connection = try await bench.connect(through: proxy)
            let times = LockTimes(
                timeToLive: .seconds(60),
                renewInterval: .milliseconds(10),
                staleAfter: .seconds(20)
            )
            try await bench.send("CONFIG RESETSTAT")
            try await bench.withLease(times: times) { lease in
                _ = try await bench.runner().record(
                    try await bench.runner().plan(bench.migration),
                    of: bench.migration,
                    under: lease
                )
                let limits = Limits(batchTime: .seconds(1), keysPerSecond: 1200)
                let state = try await bench.runner(on: connection, limits: limits)
                    .apply(bench.migration, under: lease)
                #expect(state.held == nil)
            }
            let renewals = try await bench.calls(of: "pexpire")
            #expect(renewals > 10)
            let copies = try await bench.calls(of: "copy")
            #expect(copies == 600)
            #expect(sent.value == 600)
        }
    }

    @Test("a lock that lost its time to live gets it back with the next renewal, and the work goes on")
    func persisted() async throws {
        try await withBench { bench in
            let times = LockTimes(
                timeToLive: .seconds(60),
                renewInterval: .milliseconds(20),
                staleAfter: .seconds(20)
            )
            try await bench.withLease(times: times) { lease in
                _ = try await bench.connection.send("PERSIST", bench.names.lock)
                try await eventually("the renewal") {
                    try await bench.connection.send("PTTL", bench.names.lock).integer ?? -1 > 0
                }
                try lease.check()
            }
        }
    }

    @Test("a holder that cannot renew stops before another may take the lock")
    func cannotRenew() async throws {
        try await withBench { bench in
            let times = LockTimes(
                timeToLive: .seconds(60),
                renewInterval: .milliseconds(100),
                staleAfter: .milliseconds(900)
            )
            let began = ContinuousClock.now
            let code = await migrationError {
                try await bench.withLease(times: times) { lease in
                    try await bench.server.pause()
                    while began.duration(to: .now) < .seconds(8) {
                        try lease.check()
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
            bench.server.resume()
            #expect(code == .leaseLost)
            #expect(began.duration(to: .now) < .seconds(5))
        }
    }
}
