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
    private var hasSeenRenewal = false

    /// A watch that has seen nothing.
    public init() {}

    /// Looks at the lock once more, and says whether it may be taken over.
    public mutating func isStale(
        _ record: LockRecord,
        timeToLive: Duration?,
        now: ContinuousClock.Instant,
        identity: HolderIdentity,
        processIsAlive: (Int32) -> Bool = Self.processIsAlive,
        processStart: (Int32) -> Int64? = HolderIdentity.start
    ) -> Bool {
        guard record.isPlausible else { return false }
        noteRenewal(record, timeToLive: timeToLive, now: now)
        let life = Self.life(
            of: record,
            seenBy: identity,
            processIsAlive: processIsAlive,
            processStart: processStart
        )
        if life == .dead { return true }
        guard let unchangedSince else { return false }
        let silence = unchangedSince.duration(to: now)
        // More than a renewal gives: the server's clock was set back, and the time to live says nothing for so long.
        guard let left = timeToLive?.milliseconds, left <= record.ttl + record.renewInterval else {
            return silence >= .milliseconds(record.staleAfter)
        }
        return left < record.ttl - record.staleAfter && silence >= .milliseconds(3 * record.renewInterval)
    }

    /// How long until it counts as abandoned if nobody renews it, as this process has watched it; nil once its holder is known
    /// to live.
    public func patience(
        with record: LockRecord,
        timeToLive: Duration?,
        now: ContinuousClock.Instant,
        identity: HolderIdentity
    ) -> Duration? {
        guard record.isPlausible, !hasSeenRenewal, record.token == token, let unchangedSince,
            Self.life(of: record, seenBy: identity) != .alive
        else { return nil }
        let silence = unchangedSince.duration(to: now)
        var wait = Duration.milliseconds(record.staleAfter) - silence
        if let left = timeToLive?.milliseconds, left <= record.ttl + record.renewInterval {
            wait = max(
                .milliseconds(left - (record.ttl - record.staleAfter) + 1),
                .milliseconds(3 * record.renewInterval) - silence
            )
        }
        return max(wait, .milliseconds(1))
    }

    private mutating func noteRenewal(_ record: LockRecord, timeToLive: Duration?, now: ContinuousClock.Instant) {
        defer {
            lastLook = now
            lastTimeToLive = timeToLive
        }
        guard record.token == token, let lastLook, unchangedSince != nil else {
            // Whoever takes a lock lives.
            if token != nil { hasSeenRenewal = true }
            token = record.token
            unchangedSince = now
            return
        }
        guard let timeToLive, let lastTimeToLive else {
            if (timeToLive == nil) != (lastTimeToLive == nil) { noteRenewal(at: now) }
            return
        }
        // Without renewal the time to live falls as fast as our clock runs.
        let expected = lastTimeToLive - lastLook.duration(to: now)
        if timeToLive > expected + .milliseconds(record.renewInterval / 2) { noteRenewal(at: now) }
    }

    private mutating func noteRenewal(at now: ContinuousClock.Instant) {
        unchangedSince = now
        hasSeenRenewal = true
    }

    /// What is known of a holder's process.
    public enum HolderLife: Sendable, Equatable {
        /// It is there, or, where its start is not told, one with its number.
        case alive
        /// It is gone; its number may be another process's by now.
        case dead
        /// It ran on this host, in another process id namespace: numbers there say nothing here.
        case elsewhereOnHost
        /// It ran on another host, or before this boot.
        case otherHost
    }

    /// Judges a holder's process. Its number can be compared only within one boot and one namespace.
    public static func life(
        of record: LockRecord,
        seenBy identity: HolderIdentity,
        processIsAlive: (Int32) -> Bool = Self.processIsAlive,
        processStart: (Int32) -> Int64? = HolderIdentity.start
    ) -> HolderLife {
        guard !record.bootID.isEmpty, record.bootID == identity.bootID else { return .otherHost }
        guard !record.pidNamespace.isEmpty, record.pidNamespace == identity.processNamespace, record.pid > 0 else {
            return .elsewhereOnHost
        }
        guard processIsAlive(record.pid) else { return .dead }
        if let started = record.pidStart, let starts = processStart(record.pid) {
            return started == starts ? .alive : .dead
        }
        // Ours, and not our token: an earlier process, such as the first one of a container that was started again.
        return record.pid == identity.processID && record.token != identity.token ? .dead : .alive
    }

    /// Whether a process of this namespace exists, whoever owns it.
    public static func processIsAlive(_ processID: Int32) -> Bool {
        kill(processID, 0) == 0 || errno == EPERM
    }
}
