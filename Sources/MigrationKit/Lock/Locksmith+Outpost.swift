import RedisClient

/// Outpost's locks in a cluster, where each has a slot of its own.
///
/// Ours is taken first and given back last: so only one program of ours ever touches them, and what it finds in them of
/// another one of ours was left behind.
extension Locksmith {
    /// Outpost's locks, wherever they are.
    func outpostLocks(on keyspace: any Keyspace) async throws -> [OutpostLock] {
        var commands = RoutedCommands(for: keyspace)
        Locks.ask(names, in: &commands)
        return try Locks.outpost(names, in: try await keyspace.pipeline(commands))
    }

    /// Takes all that are held beside ours.
    ///
    /// Errors: `lockHeld` where another tool was faster; what was taken until then is for the caller to give back.
    func takeOutpostLocks(for lease: Lease, on keyspace: any Keyspace) async throws {
        for key in names.outpostLocks {
            var commands = CommandBuffer()
            commands.append("SET", key, lease.outpostBytes, Bytes("PX"), Bytes(decimal: lease.record.ttl))
            let isTaken = try await change(key, on: keyspace) { lock in
                try admit([lock])
                return commands
            }
            guard isTaken else {
                throw MigrationError(
                    .lockHeld,
                    "The lock \(KeyText.escaped(key)) changes hands all the time; try again."
                )
            }
        }
    }

    /// Gives back those that are still ours; what cannot be given back ends by itself, and keeps nobody of ours out.
    func releaseOutpostLocks(of lease: Lease, on keyspace: any Keyspace) async {
        for key in names.outpostLocks.reversed() {
            _ = try? await Removal.firstAccepted { way in
                try await change(key, on: keyspace) { lock in
                    lock.bytes == lease.outpostBytes ? Self.removal(of: key, by: way) : nil
                }
            }
        }
    }

    /// Removes those that were shown to a person; false where one is another by now.
    func removeOutpostLocks(_ shown: [OutpostLock], on keyspace: any Keyspace) async throws -> Bool {
        var areGone = true
        for one in shown where one.holder != .nobody {
            var isAnother = false
            _ = try await Removal.firstAccepted { way in
                try await change(one.key, on: keyspace) { lock in
                    // A living holder of ours that has stopped may have given it back by itself.
                    isAnother = lock.holder != .nobody && !lock.isSame(as: one)
                    return lock.isSame(as: one) ? Self.removal(of: one.key, by: way) : nil
                }
            }
            areGone = areGone && !isAnother
        }
        return areGone
    }

    private static func removal(of key: Bytes, by way: Removal) -> CommandBuffer {
        var commands = CommandBuffer()
        way.append([key], to: &commands)
        return commands
    }

    /// Looks at one lock and changes it, if it is still what it was; nil for leaving it alone. Returns whether it was changed.
    private func change(
        _ key: Bytes,
        on keyspace: any Keyspace,
        _ decide: (OutpostLock) throws -> CommandBuffer?
    ) async throws -> Bool {
        // A connection of its own: the lock may be given back because the work's is lost.
        let connection = try await lockConnection(on: keyspace, for: key)
        let result: Result<Bool, any Error>
        do {
            result = .success(try await change(key, through: connection, decide))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        return try result.get()
    }

    private func change(
        _ key: Bytes,
        through connection: RedisConnection,
        _ decide: (OutpostLock) throws -> CommandBuffer?
    ) async throws -> Bool {
        for _ in 0..<Self.attempts {
            var look = CommandBuffer()
            look.append("WATCH", key)
            BookkeepingReads.ask(key, in: &look)
            look.append("PTTL", key)
            let replies = try await connection.pipeline(look)
            _ = try replies[0].unlessError()
            let lock = try OutpostLock(key: key, value: replies[1], timeToLive: replies[2])
            guard let commands = try decide(lock) else { return false }
            var transaction = CommandBuffer()
            transaction.append("MULTI")
            transaction.append(contentsOf: commands)
            transaction.append("EXEC")
            let result = try await connection.pipeline(transaction).unlessError().last
            guard let result, !result.isNull else { continue }
            if let error = result.elements.lazy.compactMap(\.error).first { throw error }
            guard result.count == commands.count else {
                throw RedisError(.unexpectedReply, "EXEC did not answer for each of its commands.", outcome: .unknown)
            }
            return true
        }
        return false
    }

    /// Keeps one of Outpost's locks for as long as the lease is held.
    func renewUntilCancelled(_ lease: Lease, outpostLock key: Bytes, on keyspace: any Keyspace) async {
        var connection: RedisConnection?
        while !Task.isCancelled, !lease.isLost {
            var pause = times.renewInterval
            do {
                let current: RedisConnection
                if let connection {
                    current = connection
                } else {
                    current = try await lockConnection(on: keyspace, for: key)
                }
                connection = current
                try await lease.renew(outpostLock: key, on: current)
            } catch {
                await connection?.close()
                connection = nil
                pause = min(pause, .seconds(1))
            }
            try? await Task.sleep(for: pause)
        }
        await connection?.close()
    }
}
