import Glibc
import RedisClient

/// Judges whether a lock was abandoned, from what this process saw of it.
///
/// Clocks of two hosts are never compared: what counts is the time to live that the server reports, and how long our own
/// clock has seen no renewal.
public struct LockWatch: Sendable {
    private var token: String?
    private var unchangedSince: ContinuousClock.Instant?
    private var lastLook: ContinuousClock.Instant?
    private var lastTimeToLive: Duration?

    /// A watch that has seen nothing.
    public init() {}

    /// Looks at the lock once more, and says whether it may be taken over.
    public mutating func isStale(
        _ record: LockRecord,
        timeToLive: Duration?,
        now: ContinuousClock.Instant,
        identity: HolderIdentity,
        processIsAlive: (Int32) -> Bool = Self.processIsAlive
    ) -> Bool {
        guard record.isPlausible else { return false }
        noteRenewal(record, timeToLive: timeToLive, now: now)
        if Self.isFromDeadProcess(record, identity: identity, processIsAlive: processIsAlive) { return true }
        guard let unchangedSince else { return false }
        let silence = unchangedSince.duration(to: now)
        // More than a renewal gives: the server's clock was set back, and the time to live says nothing for so long.
        guard let left = timeToLive?.milliseconds, left <= record.ttl + record.renewInterval else {
            return silence >= .milliseconds(record.staleAfter)
        }
        return left < record.ttl - record.staleAfter && silence >= .milliseconds(3 * record.renewInterval)
    }

    private mutating func noteRenewal(_ record: LockRecord, timeToLive: Duration?, now: ContinuousClock.Instant) {
        defer {
            lastLook = now
            lastTimeToLive = timeToLive
        }
        guard record.token == token, let lastLook, unchangedSince != nil else {
            token = record.token
            unchangedSince = now
            return
        }
        guard let timeToLive, let lastTimeToLive else {
            if (timeToLive == nil) != (lastTimeToLive == nil) { unchangedSince = now }
            return
        }
        // Without renewal the time to live falls as fast as our clock runs.
        let expected = lastTimeToLive - lastLook.duration(to: now)
        if timeToLive > expected + .milliseconds(record.renewInterval / 2) { unchangedSince = now }
    }

    /// Process ids can be compared only within one boot and one namespace.
    private static func isFromDeadProcess(
        _ record: LockRecord,
        identity: HolderIdentity,
        processIsAlive: (Int32) -> Bool
    ) -> Bool {
        !record.bootID.isEmpty && record.bootID == identity.bootID
            && !record.pidNamespace.isEmpty && record.pidNamespace == identity.processNamespace
            && record.pid > 0 && !processIsAlive(record.pid)
    }

    /// Whether a process of this namespace exists, whoever owns it.
    public static func processIsAlive(_ processID: Int32) -> Bool {
        kill(processID, 0) == 0 || errno == EPERM
    }
}
