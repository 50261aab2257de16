import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import MigrationKit

/// Who gets the lock, who keeps it, and who may take it over.
@Suite("The migration lock")
struct LockTests {
    private static let short = LockTimes(
        timeToLive: .seconds(2),
        renewInterval: .milliseconds(50),
        staleAfter: .milliseconds(300)
    )

    /// Short, and patient enough for a holder on a loaded machine.
    private static let renewed = LockTimes(
        timeToLive: .seconds(6),
        renewInterval: .milliseconds(50),
        staleAfter: .seconds(3)
    )

    private static func locksmith(_ bench: Bench, _ identity: HolderIdentity, times: LockTimes = short) -> Locksmith {
        Locksmith(names: bench.names, identity: identity, times: times)
    }

    @Test("of two that start at once exactly one gets it, fifty times, and the epoch always rises")
    func twoAtOnce() async throws {
        try await withBench { bench in
            let connections = [try await bench.connect(), try await bench.connect()]
            var last: UInt64 = 0
            for round in 0..<50 {
                let leases = await withTaskGroup(of: Lease?.self) { group in
                    for (index, connection) in connections.enumerated() {
                        let locksmith = Self.locksmith(bench, .named("host\(index)"), times: LockTimes())
                        group.addTask {
                            var watch = LockWatch()
                            return try? await locksmith.acquire(on: connection, for: "test", watch: &watch)
                        }
                    }
                    return await group.reduce(into: [Lease]()) { if let lease = $1 { $0.append(lease) } }
                }
                #expect(leases.count == 1, "round \(round)")
                let lease = try #require(leases.first)
                #expect(lease.epoch.number > last, "round \(round)")
                last = lease.epoch.number
                let stored = try await bench.connection.send("GET", bench.names.lock).bytes
                #expect(stored == lease.recordBytes)
                let epoch = try await bench.connection.send("GET", bench.names.epoch).bytes
                #expect(epoch == lease.epoch.bytes)
                _ = try await bench.connection.send("DEL", bench.names.lock)
            }
        }
    }

    @Test(
        "somebody else's lock is waited for and left alone",
        arguments: [
            "SET outpost:migration:lock running",
            #"SET outpost:migration:lock {"migration":"001_hash_tags","started_at":"now","pid":7,"host":"h"} EX 3600"#,
            #"SET outpost:migration:lock {"token":"x"}"#,
            "SET outpost:migration:lock 1 EX 3600",
            "HSET outpost:migration:lock token x",
            "LPUSH outpost:migration:lock x",
        ]
    )
    func foreign(command: String) async throws {
        try await withBench { bench in
            try await bench.send(command)
            let before = try await bench.connection.send("DUMP", bench.names.lock).bytes
            var watch = LockWatch()
            let locksmith = Self.locksmith(bench, .named("me"))
            for _ in 0..<3 {
                let code = await migrationError {
                    _ = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
                }
                #expect(code == .lockHeld)
                try await Task.sleep(for: .milliseconds(150))
            }
            let after = try await bench.connection.send("DUMP", bench.names.lock).bytes
            #expect(after == before)
            let epochs = try await bench.count("outpost:migration:epoch")
            #expect(epochs == 0)
        }
    }

    @Test("the refusal says who holds a lock of the original tool")
    func namesTheHolder() async throws {
        try await withBench { bench in
            let json = #"{"migration":"001_hash_tags","started_at":"x","pid":7,"host":"db\u001b[1m"}"#
            _ = try await bench.connection.send("SET", bench.names.lock, Bytes(json))
            let lock = try await bench.snapshot().lock
            #expect(lock.holder?.isForeign == true)
            #expect(lock.holder?.words == #"another tool on db\x1b[1m, process 7 for 001_hash_tags since x"#)
        }
    }

    @Test("a lock with numbers beyond all measure is refused, and the program lives")
    func absurdNumbers() async {
        await #expect(processExitsWith: .success) {
            try await withBench { bench in
                for number in ["9223372036854775807", "-9223372036854775808"] {
                    let json = """
                        {"migration":"m","started_at":"s","pid":1,"host":"h","holder":"h","boot_id":"b",\
                        "pid_namespace":"n","token":"t","ttl":\(number),"renew_interval":9223372036854775807,\
                        "stale_after":9223372036854775807,"version":"v"}
                        """
                    _ = try await bench.connection.send(
                        "SET",
                        bench.names.lock,
                        Bytes(json),
                        Bytes("PX"),
                        Bytes("60000")
                    )
                    var watch = LockWatch()
                    let locksmith = Locksmith(names: bench.names, identity: .named("me"), times: LockTimes())
                    for _ in 0..<2 {
                        do {
                            _ = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
                            throw TestSupportError("It was taken.")
                        } catch let error as MigrationError where error.code == .lockHeld {}
                    }
                }
            }
        }
    }

    @Test("an epoch that is none is refused, and nothing is touched", arguments: ["SET", "LPUSH"])
    func unreadableEpoch(command: String) async throws {
        try await withBench { bench in
            try await bench.send("\(command) outpost:migration:epoch nonsense")
            let writes = try await bench.writes()
            var watch = LockWatch()
            let locksmith = Self.locksmith(bench, .named("me"))
            let code = await migrationError {
                _ = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            }
            #expect(code == .unreadable)
            let after = try await bench.writes()
            #expect(after == writes)
        }
    }

    @Test("a lock with my token is mine, and taking it again raises the epoch")
    func own() async throws {
        try await withBench { bench in
            let locksmith = Self.locksmith(bench, .named("me"), times: LockTimes())
            var watch = LockWatch()
            let first = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            let second = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            #expect(second.epoch.number == first.epoch.number + 1)
            let code = await migrationError {
                _ = try await Fence(first).transaction(on: bench.connection, at: bench.names.version) { _ in
                    var commands = CommandBuffer()
                    commands.append("SET", "data", "late")
                    return commands
                }
            }
            #expect(code == .fenced)
            let data = try await bench.connection.send("GET", "data")
            #expect(data.isNull)
        }
    }

    @Test("a lock whose holder is silent is taken over, and not before its time")
    func staleTakeover() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            let dead = try await Self.locksmith(bench, .named("dead"))
                .acquire(on: bench.connection, for: "test", watch: &watch)
            let began = ContinuousClock.now
            var mine = LockWatch()
            var taken: Lease?
            while taken == nil, began.duration(to: .now) < .seconds(10) {
                taken = try? await Self.locksmith(bench, .named("me"))
                    .acquire(on: bench.connection, for: "test", watch: &mine)
                if taken == nil { try await Task.sleep(for: .milliseconds(10)) }
            }
            let lease = try #require(taken)
            #expect(began.duration(to: .now) >= .milliseconds(290))
            #expect(began.duration(to: .now) < .seconds(2))
            #expect(lease.epoch.number == dead.epoch.number + 1)
            let entries = try await bench.history()
            let told = ["event": "lockTakenOver", "migration": "test", "holder": "dead (process 1)", "by": "me"]
            #expect(entries == [told])
            let takeover = try #require(lease.takeover)
            #expect(takeover.kind == .lockTakenOver && takeover.facts[.holder] == "dead (process 1)")
        }
    }

    @Test("a lock that is free, or ours, is taken without a word in the history")
    func plainTake() async throws {
        try await withBench { bench in
            let smith = Self.locksmith(bench, .named("me"))
            var watch = LockWatch()
            for _ in 0..<2 {
                let lease = try await smith.acquire(on: bench.connection, for: "test", watch: &watch)
                #expect(lease.takeover == nil)
            }
            let entries = try await bench.history()
            #expect(entries.isEmpty)
        }
    }

    @Test("a history that takes no entry does not keep an abandoned lock")
    func takeoverWithoutHistory() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            _ = try await Self.locksmith(bench, .named("dead"))
                .acquire(on: bench.connection, for: "test", watch: &watch)
            try await bench.send("SET outpost:migration:history x")
            var mine = LockWatch()
            try await eventually("the take-over") {
                let lease = try? await Self.locksmith(bench, .named("me"))
                    .acquire(on: bench.connection, for: "test", watch: &mine)
                return lease != nil
            }
        }
    }

    @Test("a silent lock without a time to live is taken over too")
    func staleWithoutTimeToLive() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            _ = try await Self.locksmith(bench, .named("dead"))
                .acquire(on: bench.connection, for: "test", watch: &watch)
            _ = try await bench.connection.send("PERSIST", bench.names.lock)
            var mine = LockWatch()
            let began = ContinuousClock.now
            try await eventually("the take-over") {
                let lease = try? await Self.locksmith(bench, .named("me"))
                    .acquire(on: bench.connection, for: "test", watch: &mine)
                return lease != nil
            }
            #expect(began.duration(to: .now) >= .milliseconds(290))
        }
    }

    @Test("a lock that is renewed is never taken, however often one tries")
    func renewedIsKept() async throws {
        try await withBench { bench in
            let other = try await bench.connect()
            let tries = try await bench.withLease(as: .named("holder"), times: Self.renewed) { lease in
                var watch = LockWatch()
                var tries = 0
                let began = ContinuousClock.now
                while began.duration(to: .now) < .milliseconds(1500) {
                    let code = await migrationError {
                        _ = try await Self.locksmith(bench, .named("thief"), times: Self.renewed)
                            .acquire(on: other, for: "test", watch: &watch)
                    }
                    #expect(code == .lockHeld)
                    try lease.check()
                    tries += 1
                    try await Task.sleep(for: .milliseconds(5))
                }
                return tries
            }
            #expect(tries > 3)
            let left = try await bench.count("outpost:migration:lock")
            #expect(left == 0)
        }
    }

    @Test("a lock of a killed process of the same boot is taken at once, that of a living one is not")
    func deadProcess() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            _ = try await Self.locksmith(bench, .killed(), times: LockTimes())
                .acquire(on: bench.connection, for: "test", watch: &watch)
            let me = HolderIdentity.current(instance: "me", version: "test")
            var mine = LockWatch()
            let lease = try await Self.locksmith(bench, me, times: LockTimes())
                .acquire(on: bench.connection, for: "test", watch: &mine)
            #expect(lease.epoch.number == 2)

            let second = HolderIdentity.current(instance: "second", version: "test")
            var theirs = LockWatch()
            let code = await migrationError {
                _ = try await Self.locksmith(bench, second, times: LockTimes())
                    .acquire(on: bench.connection, for: "test", watch: &theirs)
            }
            #expect(code == .lockHeld)
        }
    }

    @Test("a process id of another boot or namespace proves nothing", arguments: ["boot", "namespace"])
    func otherBoot(difference: String) async throws {
        try await withBench { bench in
            var dead = HolderIdentity.killed()
            if difference == "boot" { dead.bootID = "another" } else { dead.processNamespace = "pid:[1]" }
            var watch = LockWatch()
            _ = try await Self.locksmith(bench, dead, times: LockTimes())
                .acquire(on: bench.connection, for: "test", watch: &watch)
            var mine = LockWatch()
            let code = await migrationError {
                _ = try await Self.locksmith(bench, .current(instance: "me", version: ""), times: LockTimes())
                    .acquire(on: bench.connection, for: "test", watch: &mine)
            }
            #expect(code == .lockHeld)
        }
    }

    @Test("giving back removes nobody else's lock")
    func releaseIsCompared() async throws {
        try await withBench { bench in
            let locksmith = Self.locksmith(bench, .named("me"))
            var watch = LockWatch()
            let lease = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            try await bench.send("SET outpost:migration:lock theirs")
            try await locksmith.release(lease, on: bench.connection)
            let left = try await bench.connection.send("GET", bench.names.lock).text
            #expect(left == "theirs")
        }
    }

    @Test("giving back removes nobody else's lock that appears at the last moment")
    func releaseIsWatched() async throws {
        try await withBench { bench in
            let locksmith = Self.locksmith(bench, .named("me"))
            var watch = LockWatch()
            let lease = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            let client = try PlainClient(bench.server)
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("EXEC") { client.send("SET outpost:migration:lock theirs") }
            }
            try await locksmith.release(lease, on: try await bench.connect(through: proxy))
            let left = try await bench.connection.send("GET", bench.names.lock).text
            #expect(left == "theirs")
        }
    }

    @Test("`unlock` removes the lock that was shown and stops its holder")
    func unlock() async throws {
        try await withBench { bench in
            let other = try await bench.connect()
            let code = await migrationError {
                try await bench.withLease(as: .named("holder")) { lease in
                    let shown = try await bench.snapshot().locks
                    let isRemoved = try await Self.locksmith(bench, .named("person")).unlock(shown, on: other)
                    #expect(isRemoved)
                    try await bench.store.save(
                        MigrationState(migrationName: bench.migration.name, phase: .applying, startedAt: .now),
                        previous: nil,
                        under: lease,
                        on: bench.connection
                    )
                }
            }
            // The renewal may see it before the batch does.
            #expect(code == .fenced || code == .leaseLost)
            let state = try await bench.state()
            #expect(state == nil)
        }
    }

    @Test(
        "Under an epoch that cannot be raised nobody gets the lock, and `unlock` begins a new count",
        arguments: ["281474976710656:x", "18446744073709551614:x", "18446744073709551615:x", "garbage", ""]
    )
    func lastEpoch(text: String) async throws {
        try await withBench { bench in
            _ = try await bench.connection.send("SET", bench.names.epoch, Bytes(text))
            let code = await migrationError { try await bench.withLease(as: .named("first")) { _ in } }
            #expect(code == .unreadable)
            #expect(try await bench.snapshot().lock == .free)
            #expect(try await bench.connection.send("GET", bench.names.epoch).equals(Bytes(text)))

            _ = try await bench.connection.send("SET", bench.names.lock, Bytes("somebody"))
            let shown = try await bench.snapshot().locks
            #expect(try await Self.locksmith(bench, .named("person")).unlock(shown, on: bench.connection))
            #expect(try await bench.snapshot().lock == .free)
            try await bench.withLease(as: .named("next")) { lease in #expect(lease.epoch.number == 2) }
        }
    }

    @Test("A lock is given back also when its epoch has become unreadable meanwhile")
    func epochLostMeanwhile() async throws {
        try await withBench { bench in
            try await bench.withLease(as: .named("holder")) { _ in
                _ = try await bench.connection.send("SET", bench.names.epoch, Bytes("garbage"))
            }
            #expect(try await bench.snapshot().lock == .free)
        }
    }

    @Test("`unlock` does nothing when another lock stands there by now", arguments: ["SET", "HSET"])
    func unlockIsCompared(command: String) async throws {
        try await withBench { bench in
            var watch = LockWatch()
            let locksmith = Self.locksmith(bench, .named("me"))
            _ = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            let shown = try await bench.snapshot().locks
            try await bench.send("DEL outpost:migration:lock")
            let free = try await locksmith.unlock(shown, on: bench.connection)
            #expect(!free)
            try await bench.send("\(command) outpost:migration:lock theirs \(command == "HSET" ? "x" : "")")
            let writes = try await bench.writes()
            for one in [shown, Locks(own: .free)] {
                let isRemoved = try await locksmith.unlock(one, on: bench.connection)
                #expect(!isRemoved)
            }
            let after = try await bench.writes()
            #expect(after == writes)
        }
    }

    @Test("`unlock` does nothing when the lock changes between its look and its EXEC")
    func unlockIsWatched() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            let locksmith = Self.locksmith(bench, .named("me"))
            _ = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            let shown = try await bench.snapshot().locks
            let client = try PlainClient(bench.server)
            let proxy = try CommandProxy(bench.server) { _, words in
                if words.first == Bytes("EXEC") { client.send("SET outpost:migration:lock theirs") }
            }
            let isRemoved = try await locksmith.unlock(shown, on: try await bench.connect(through: proxy))
            #expect(!isRemoved)
            let left = try await bench.connection.send("GET", bench.names.lock).text
            #expect(left == "theirs")
        }
    }

    @Test("`unlock` is not put off by a renewal between its look and its EXEC")
    func unlockAmongRenewals() async throws {
        try await withBench { bench in
            var watch = LockWatch()
            let locksmith = Self.locksmith(bench, .named("me"))
            _ = try await locksmith.acquire(on: bench.connection, for: "test", watch: &watch)
            let shown = try await bench.snapshot().locks
            let client = try PlainClient(bench.server)
            let count = Counter()
            let proxy = try CommandProxy(bench.server) { _, words in
                guard words.first == Bytes("EXEC"), count.increase() <= 2 else { return }
                client.send("PEXPIRE outpost:migration:lock 5000")
            }
            let isRemoved = try await locksmith.unlock(shown, on: try await bench.connect(through: proxy))
            #expect(isRemoved)
            let lock = try await bench.snapshot().lock
            #expect(lock == .free)
            let epoch = try await bench.connection.send("GET", bench.names.epoch).text
            #expect(epoch?.hasPrefix("2:") == true)
        }
    }

    @Test("work that lost its connection gives the lock back over another one, and raises the epoch")
    func givesBackOverAnother() async throws {
        try await withBench { bench in
            let connection = try await bench.connect()
            let epoch = try? await bench.withLease(on: connection) { lease in
                let id = await connection.id
                try await bench.send("CLIENT KILL ID \(id)")
                _ = try await connection.send("PING")
                return lease.epoch.number
            }
            #expect(epoch == nil)
            let lock = try await bench.snapshot().lock
            #expect(lock == .free)
            let raised = try await bench.connection.send("GET", bench.names.epoch).text
            #expect(raised?.hasPrefix("2:") == true)
        }
    }
}
