import RedisClient

/// Lets a write count only while no other holder has raised the epoch.
///
/// Every write of a migration is one of its transactions: `WATCH epoch …`, `GET epoch`, `GET lock`, reads, `MULTI` …
/// `EXEC`. The epoch is watched and not the lock, since renewals of the lock must not abort our own batches.
/// Source: https://redis.io/docs/latest/develop/using-commands/transactions/
public struct Fence: Sendable {
    /// The lease whose writes count.
    public let lease: Lease

    /// The fence of one lease.
    public init(_ lease: Lease) {
        self.lease = lease
    }

    /// What became of a transaction.
    public enum Outcome: Sendable {
        /// There was nothing to do.
        case nothingToDo
        /// All commands ran; their replies in order.
        case committed([Reply])
        /// A watched key changed: nothing happened.
        case changed
    }

    /// Watches keys, reads, decides and writes, all or nothing.
    ///
    /// `decide` gets the replies to `reads` and returns the commands to run. An empty pipeline is run too: that it
    /// commits proves that what was read belongs together. Nil ends the transaction without that proof.
    /// Errors: `leaseLost`, `fenced`; a `RedisError` whose outcome says whether the writes may have happened.
    public func transaction(
        on connection: RedisConnection,
        watching keys: [Bytes] = [],
        reads: CommandBuffer = CommandBuffer(),
        decide: (Replies.SubSequence) throws -> CommandBuffer?
    ) async throws -> Outcome {
        try lease.check()
        var look = CommandBuffer()
        look.append("WATCH", [lease.names.epoch] + keys)
        look.append("GET", lease.names.epoch)
        look.append("GET", lease.names.lock)
        look.append(contentsOf: reads)
        let seen = try await connection.pipeline(look)
        do {
            _ = try seen[0].unlessError()
            try compare(epoch: seen[1], lock: seen[2])
            guard let writes = try decide(seen[3...]) else {
                _ = try await connection.send("UNWATCH")
                return .nothingToDo
            }
            return try await commit(writes, on: connection)
        } catch let error as RedisError where error.outcome == .unknown {
            throw error
        } catch {
            _ = try? await connection.send("UNWATCH")
            throw error
        }
    }

    private func commit(_ writes: CommandBuffer, on connection: RedisConnection) async throws -> Outcome {
        try lease.check()
        var commands = CommandBuffer()
        commands.append("MULTI")
        commands.append(contentsOf: writes)
        commands.append("EXEC")
        // The first error at queue time is the cause; the EXECABORT that follows from it is not.
        let replies = try await connection.pipeline(commands).unlessError()
        guard let result = replies.last, !result.isNull else {
            try await compareAgain(on: connection)
            return .changed
        }
        let results = Array(result.elements)
        if let error = results.lazy.compactMap(\.error).first {
            throw RedisError(
                .partlyExecuted,
                "A command of a transaction failed while the others ran: \(error.message)",
                outcome: .unknown,
                serverCode: error.serverCode
            )
        }
        return .committed(results)
    }

    private func compareAgain(on connection: RedisConnection) async throws {
        var look = CommandBuffer()
        look.append("GET", lease.names.epoch)
        look.append("GET", lease.names.lock)
        let seen = try await connection.pipeline(look)
        try compare(epoch: seen[0], lock: seen[1])
    }

    private func compare(epoch: Reply, lock: Reply) throws {
        if let error = epoch.error, error.serverCode != "WRONGTYPE" { throw error }
        if let error = lock.error, error.serverCode != "WRONGTYPE" { throw error }
        guard epoch.equals(lease.epochBytes) else {
            let loss = MigrationError(
                .fenced,
                "The migration's epoch was raised by another holder or by `unlock`; nothing was written after that."
            )
            lease.lose(loss)
            throw loss
        }
        guard lock.equals(lease.recordBytes) else {
            let holder = LockReading(value: lock, timeToLive: lock).holder
            let loss = MigrationError(
                .leaseLost,
                "The migration lock is no longer ours (\(holder.map { "held by \($0.text)" } ?? "it was removed")); "
                    + "nothing was written after that.",
                holder: holder
            )
            lease.lose(loss)
            throw loss
        }
    }
}
