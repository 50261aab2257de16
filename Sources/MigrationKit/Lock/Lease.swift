import RedisClient
import Synchronization

/// The lock while this process holds it: asked before every batch whether it still does.
public final class Lease: Sendable {
    /// What was written into the lock.
    public let record: LockRecord
    /// The epoch raised with it.
    public let epoch: Epoch
    /// The names that it guards.
    public let names: KeyNames
    /// Who works, as the history tells it: a person, or the holder that works by itself.
    public let author: String
    /// What the history was told when the lock was another's before; nil if it was free, or ours.
    public let takeover: Event?

    /// The server process on which the lock was taken.
    let serverRunID: String
    let recordBytes: Bytes
    let epochBytes: Bytes
    private let patience: Duration
    private let status: Mutex<Status>

    private struct Status {
        var lastRenewal: ContinuousClock.Instant
        var loss: MigrationError?
    }

    init(
        record: LockRecord,
        recordBytes: Bytes,
        epoch: Epoch,
        names: KeyNames,
        author: String? = nil,
        takeover: Event? = nil,
        serverRunID: String,
        at instant: ContinuousClock.Instant
    ) {
        self.serverRunID = serverRunID
        self.record = record
        self.recordBytes = recordBytes
        self.epoch = epoch
        epochBytes = epoch.bytes
        self.names = names
        self.author = author ?? record.holder
        self.takeover = takeover
        patience = .milliseconds(record.staleAfter * 2 / 3)
        status = Mutex(Status(lastRenewal: instant))
    }

    /// Throws `leaseLost` or `fenced` once the lock is another's, or could not be renewed for too long.
    public func check(now: ContinuousClock.Instant = .now) throws {
        let patience = patience
        try status.withLock { status in
            if let loss = status.loss { throw loss }
            guard status.lastRenewal.duration(to: now) < patience else {
                let loss = MigrationError(
                    .leaseLost,
                    "The migration lock could not be renewed for \(patience.milliseconds) ms; work stopped before "
                        + "another may take it."
                )
                status.loss = loss
                throw loss
            }
        }
    }

    /// Notes that the lock is no longer ours.
    func lose(_ loss: MigrationError) {
        status.withLock { if $0.loss == nil { $0.loss = loss } }
    }

    /// Whether it was lost.
    var isLost: Bool { (try? check()) == nil }

    /// Renews the lock once, if it is still ours, and on one server those of Outpost with it; the time counts from before
    /// the request.
    func renew(on connection: RedisConnection) async throws {
        let asked = ContinuousClock.now
        let keys = names.isCluster ? [names.lock] : [names.lock] + names.outpostLocks
        guard try await renew(keys, on: connection) else { return }
        status.withLock { $0.lastRenewal = max($0.lastRenewal, asked) }
    }

    /// Renews one of Outpost's locks, in a cluster, where it has a slot of its own.
    func renew(outpostLock key: Bytes, on connection: RedisConnection) async throws {
        _ = try await renew([key], on: connection)
    }

    /// Whether it was done; all of them must still be ours.
    private func renew(_ keys: [Bytes], on connection: RedisConnection) async throws -> Bool {
        var look = CommandBuffer()
        look.append("WATCH", keys)
        for key in keys { BookkeepingReads.ask(key, in: &look) }
        let seen = try await connection.pipeline(look)
        _ = try seen[0].unlessError()
        for (index, key) in keys.enumerated() {
            let value = seen[index + 1]
            // A key of another type by now is another's.
            if let error = value.error, error.serverCode != "WRONGTYPE" { throw error }
            guard value.equals(expected(at: key)) else {
                lose(takenAway(key, by: value))
                _ = try await connection.send("UNWATCH")
                return false
            }
        }
        var renewal = CommandBuffer()
        renewal.append("MULTI")
        for key in keys { renewal.append("PEXPIRE", key, Bytes(decimal: record.ttl)) }
        renewal.append("EXEC")
        let replies = try await connection.pipeline(renewal).unlessError()
        // Null: a key changed in between; the next renewal sees how.
        guard let result = replies.last, !result.isNull else { return false }
        if let error = result.elements.lazy.compactMap(\.error).first { throw error }
        guard result.count == keys.count else {
            throw RedisError(.unexpectedReply, "EXEC did not answer for each of its commands.", outcome: .unknown)
        }
        return true
    }

    /// What stands in Outpost's locks while they are ours.
    var outpostBytes: Bytes { OutpostLock.value(of: record.token) }

    private func expected(at key: Bytes) -> Bytes { key == names.lock ? recordBytes : outpostBytes }

    /// Looks whether the lock is still ours; says nothing about its renewal.
    func look(on connection: RedisConnection) async throws {
        var look = CommandBuffer()
        askForLock(in: &look)
        let value = try await connection.pipeline(look)[0].unlessError()
        if !value.equals(recordBytes) { lose(takenAway(names.lock, by: value)) }
    }

    /// Adds the read of the lock: it is compared with ours, and told of where it is another's. Nothing is read without a bound.
    func askForLock(in commands: inout CommandBuffer) {
        BookkeepingReads.ask(names.lock, in: &commands)
    }

    /// Adds the read of an epoch; what is longer than ours is another's.
    func askForEpoch(_ key: Bytes, in commands: inout CommandBuffer) {
        commands.append("GETRANGE", key, Bytes("0"), Bytes(decimal: epochBytes.count))
    }

    /// Who holds a lock that is not ours; nil where there is none, which is read as an empty one.
    static func holder(by value: Reply) -> LockHolder? {
        value.equals([]) ? nil : LockReading(value: value, timeToLive: value).holder
    }

    private func takenAway(_ key: Bytes, by value: Reply) -> MigrationError {
        guard key == names.lock else { return Self.takenAway(outpostLock: key, by: value) }
        guard let holder = Self.holder(by: value) else {
            return MigrationError(.leaseLost, "The migration lock was removed; work stopped at the last batch.")
        }
        return MigrationError(
            .leaseLost,
            "The migration lock was taken over by \(holder.text); work stopped at the last batch.",
            holder: holder
        )
    }

    /// As with our own: who takes it away wants us to stop, or works already.
    private static func takenAway(outpostLock key: Bytes, by value: Reply) -> MigrationError {
        let name = KeyText.escaped(key)
        // One that is not there is read as an empty one.
        let holder = value.equals([]) ? nil : try? OutpostLock(key: key, value: value, timeToLive: value).lockHolder
        return MigrationError(
            .leaseLost,
            holder == nil
                ? "Outpost's lock \(name), which is held beside ours, was removed; work stopped at the last batch."
                : "Outpost's lock \(name), which is held beside ours, was taken by another tool; work stopped at the last "
                    + "batch.",
            holder: holder
        )
    }
}
