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

    /// Renews the lock once, if it is still ours; the time counts from before the request.
    func renew(on connection: RedisConnection) async throws {
        let asked = ContinuousClock.now
        var look = CommandBuffer()
        look.append("WATCH", names.lock)
        askForLock(in: &look)
        let seen = try await connection.pipeline(look).unlessError()
        guard seen[1].equals(recordBytes) else {
            lose(Self.takenAway(by: seen[1]))
            _ = try await connection.send("UNWATCH")
            return
        }
        var renewal = CommandBuffer()
        renewal.append("MULTI")
        renewal.append("PEXPIRE", names.lock, Bytes(decimal: record.ttl))
        renewal.append("EXEC")
        let replies = try await connection.pipeline(renewal).unlessError()
        // Null: the key changed in between; the next renewal sees how.
        guard !replies[2].isNull else { return }
        if let error = replies[2].elements.lazy.compactMap(\.error).first { throw error }
        guard replies[2].count == 1 else {
            throw RedisError(.unexpectedReply, "EXEC did not answer for its command.", outcome: .unknown)
        }
        status.withLock { $0.lastRenewal = max($0.lastRenewal, asked) }
    }

    /// Looks whether the lock is still ours; says nothing about its renewal.
    func look(on connection: RedisConnection) async throws {
        var look = CommandBuffer()
        askForLock(in: &look)
        let value = try await connection.pipeline(look)[0].unlessError()
        if !value.equals(recordBytes) { lose(Self.takenAway(by: value)) }
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

    private static func takenAway(by value: Reply) -> MigrationError {
        guard let holder = holder(by: value) else {
            return MigrationError(.leaseLost, "The migration lock was removed; work stopped at the last batch.")
        }
        return MigrationError(
            .leaseLost,
            "The migration lock was taken over by \(holder.text); work stopped at the last batch.",
            holder: holder
        )
    }
}
