import RedisClient

/// Watching a lock that may be abandoned: a program that runs once has seen nothing of it before, and cannot judge it at once.
extension Locksmith {
    /// Returns once it is known what becomes of the lock: it is free, its holder lives, or it may be taken over by whoever
    /// asks for it next with this watch.
    ///
    /// Takes as long as an abandoned lock takes to count as such, and no longer than a living holder takes to renew it.
    /// Errors: `interrupted` when asked to stop; those of the connection.
    public func watchAbandoned(
        _ watch: inout LockWatch,
        on keyspace: any Keyspace,
        waits: (LockHolder, Duration) -> Void,
        shouldStop: () -> Bool
    ) async throws {
        var hasTold = false
        while true {
            let lock = try await reading(on: keyspace)
            guard case .ours(let record, _, let left) = lock, record.token != identity.token,
                !watch.isStale(record, timeToLive: left, now: .now, identity: identity),
                let patience = watch.patience(with: record, timeToLive: left, now: .now, identity: identity)
            else { return }
            if !hasTold, let holder = lock.holder { waits(holder, patience) }
            hasTold = true
            let next = ContinuousClock.now + min(patience, Self.lookPause)
            while ContinuousClock.now < next {
                if shouldStop() {
                    throw MigrationError(.interrupted, "The wait for the migration lock was ended; nothing was done.")
                }
                try await Task.sleep(for: min(.milliseconds(50), ContinuousClock.now.duration(to: next)))
            }
        }
    }

    private static let lookPause = Duration.milliseconds(500)

    private func reading(on keyspace: any Keyspace) async throws -> LockReading {
        var commands = CommandBuffer()
        BookkeepingReads.ask(names.lock, in: &commands)
        commands.append("PTTL", names.lock)
        let replies = try await keyspace.connection(for: names.lock).pipeline(commands)
        if let error = replies[0].error, error.serverCode != "WRONGTYPE" { throw error }
        return LockReading(value: replies[1].integer == -2 ? .null : replies[0], timeToLive: replies[1])
    }
}
