import RedisClient

/// Takes, keeps, gives back and removes the migration lock.
public struct Locksmith: Sendable {
    /// The names of the lock and the epoch.
    public var names: KeyNames
    /// Who takes it.
    public var identity: HolderIdentity
    /// How long it lives.
    public var times: LockTimes

    /// A locksmith for one keyspace and one process.
    public init(names: KeyNames, identity: HolderIdentity, times: LockTimes) {
        self.names = names
        self.identity = identity
        self.times = times
    }

    /// Takes the lock and raises the epoch in one transaction; a lock with our token is ours, however it came there.
    ///
    /// Outpost's own locks are taken with it: in the same transaction, or, in a cluster, right after it.
    /// Errors: `lockHeld` with the holder; `unreadable` for an epoch that is none.
    public func acquire(
        on keyspace: any Keyspace,
        for migration: String,
        watch: inout LockWatch
    ) async throws -> Lease {
        // Before anything is touched: whoever waits should not raise the epoch again and again.
        if names.isCluster { try admit(try await outpostLocks(on: keyspace)) }
        let lease = try await acquireLock(on: keyspace.connection(for: names.lock), for: migration, watch: &watch)
        guard names.isCluster else { return lease }
        do {
            try await takeOutpostLocks(for: lease, on: keyspace)
            try await EpochSpread(names: names).raise(to: lease.epoch, on: keyspace)
            // A holder that was stopped on the way here may have spread its epoch over another's.
            try await lease.look(on: keyspace.connection(for: names.lock))
            try lease.check()
            if let takeover = lease.takeover {
                var entry = CommandBuffer()
                History.append(takeover, names: names, to: &entry)
                _ = try await Fence(lease).transaction(on: keyspace, at: names.history) { _ in entry }
            }
        } catch {
            try? await release(lease, on: keyspace)
            throw error
        }
        return lease
    }

    private func acquireLock(
        on connection: RedisConnection,
        for migration: String,
        watch: inout LockWatch
    ) async throws -> Lease {
        let info = try await ServerInfo.read(from: connection)
        if let refusal = info.replicaRefusal { throw MigrationError(.notMaster, refusal) }
        let server = info.identity.runID
        var tells = true
        for _ in 0..<Self.attempts {
            let seen = try await look(on: connection)
            do {
                try admit(seen.locks.own, watch: &watch)
                try admit(seen.locks.outpost)
                let epoch = try next(after: seen.epoch.get())
                let lease = try await take(
                    after: seen,
                    epoch,
                    for: migration,
                    server: server,
                    tells: tells,
                    on: connection
                )
                if let lease { return lease }
            } catch let error as RedisError where error.isRefusedCommand && tells {
                // That the history takes no entry is no reason to leave an abandoned lock where it is.
                tells = false
            } catch {
                _ = try? await connection.send("UNWATCH")
                throw error
            }
        }
        throw MigrationError(.lockHeld, "The migration lock changes hands all the time; try again.")
    }

    /// Gives the lock back if it is still ours, and those of Outpost that are.
    ///
    /// With `raisingEpoch` also makes every transaction of ours that is still on its way fail.
    public func release(_ lease: Lease, on keyspace: any Keyspace, raisingEpoch: Bool = false) async throws {
        if names.isCluster { await releaseOutpostLocks(of: lease, on: keyspace) }
        let connection = try await keyspace.connection(for: names.lock)
        try await release(lease, onLockConnection: connection, raisingEpoch: raisingEpoch)
    }

    private func release(
        _ lease: Lease,
        onLockConnection connection: RedisConnection,
        raisingEpoch: Bool
    ) async throws {
        try await Removal.firstAccepted { removal in
            try await release(lease, onLockConnection: connection, raisingEpoch: raisingEpoch, by: removal)
        }
    }

    private func release(
        _ lease: Lease,
        onLockConnection connection: RedisConnection,
        raisingEpoch: Bool,
        by way: Removal
    ) async throws {
        for _ in 0..<Self.attempts {
            let seen = try await look(on: connection)
            let isOurs = seen.locks.own.bytes == lease.recordBytes
            let theirs = seen.locks.outpost.filter { $0.bytes == lease.outpostBytes }
            guard isOurs || !theirs.isEmpty else {
                _ = try await connection.send("UNWATCH")
                return
            }
            var removal = CommandBuffer()
            removal.append("MULTI")
            way.append(theirs.map(\.key) + (isOurs ? [names.lock] : []), to: &removal)
            if isOurs {
                // One that cannot be read, or not be raised, is not ours either: it makes our transactions fail as well.
                if raisingEpoch, let epoch = try? next(after: seen.epoch.get()) {
                    removal.append("SET", names.epoch, epoch.bytes)
                }
            }
            removal.append("EXEC")
            // Null: one of the keys changed since the look.
            if try await connection.pipeline(removal).unlessError().last?.isNull == false { return }
        }
    }

    /// Removes the locks that were shown to a person and raises the epoch, so that a living holder stops within a batch.
    ///
    /// Returns false if another lock stands there by now: nothing was done, and it should be shown again.
    public func unlock(_ shown: Locks, by: String = "", on keyspace: any Keyspace) async throws -> Bool {
        let isHeld = shown.own != .free || shown.outpost.contains { $0.holder != .nobody }
        guard isHeld else { return false }
        guard names.isCluster else { return try await unlockHere(shown, of: shown.holder, by: by, on: keyspace) }
        let now = try await outpostLocks(on: keyspace)
        guard now.map(\.holder) == shown.outpost.map(\.holder) else { return false }
        guard try await unlockHere(Locks(own: shown.own), of: shown.holder, by: by, on: keyspace) else { return false }
        return try await removeOutpostLocks(shown.outpost, on: keyspace)
    }

    /// Those that lie on one server, in one transaction.
    private func unlockHere(
        _ shown: Locks,
        of holder: LockHolder?,
        by: String,
        on keyspace: any Keyspace
    ) async throws -> Bool {
        do {
            return try await Removal.firstAccepted { removal in
                try await unlockHere(shown, of: holder, by: by, removal, tells: true, on: keyspace)
            }
        } catch let error as RedisError where error.isRefusedCommand {
            // Whoever could take the lock needed no history for it.
            return try await Removal.firstAccepted { removal in
                try await unlockHere(shown, of: holder, by: by, removal, tells: false, on: keyspace)
            }
        } catch let error as RedisError where error.isOutOfMemory {
            return try await removeLocks(shown, on: keyspace)
        }
    }

    /// Removes the locks alone, as a server without memory lets nobody do more.
    ///
    /// It takes no transaction then, and no lock either, so that hardly anybody comes between the look and the removal. A
    /// holder that lives misses its lock when it renews it, and whoever takes the lock next raises the epoch first.
    private func removeLocks(_ shown: Locks, on keyspace: any Keyspace) async throws -> Bool {
        let connection = try await keyspace.connection(for: names.lock)
        let seen = try await look(on: connection)
        _ = try await connection.send("UNWATCH")
        guard seen.locks.isSame(as: shown) else { return false }
        let keys = [names.lock] + shown.outpost.filter { $0.holder != .nobody }.map(\.key)
        return try await Removal.firstAccepted { removal in
            var commands = CommandBuffer()
            removal.append(keys, to: &commands)
            _ = try await connection.pipeline(commands).unlessError()
            return true
        }
    }

    private func unlockHere(
        _ shown: Locks,
        of holder: LockHolder?,
        by: String,
        _ removal: Removal,
        tells: Bool,
        on keyspace: any Keyspace
    ) async throws -> Bool {
        let connection = try await keyspace.connection(for: names.lock)
        for _ in 0..<Self.attempts {
            let seen = try await look(on: connection)
            guard seen.locks.isSame(as: shown) else {
                _ = try await connection.send("UNWATCH")
                return false
            }
            var commands = CommandBuffer()
            commands.append("MULTI")
            let keys = [names.lock] + shown.outpost.filter { $0.holder != .nobody }.map(\.key)
            let removals = removal.append(keys, to: &commands)
            // Where it cannot be read or raised a new count begins: it is compared whole, so no holder finds its own in it.
            let epoch = (try? next(after: seen.epoch.get())) ?? Epoch(number: 1, token: identity.token)
            commands.append("SET", names.epoch, epoch.bytes)
            var history = CommandBuffer()
            History.append(
                Event(
                    .unlocked,
                    [.migration: holder?.migration ?? "", .holder: holder?.text ?? "", .by: by]
                ),
                names: names,
                to: &history
            )
            if !names.isCluster, tells { commands.append(contentsOf: history) }
            commands.append("EXEC")
            let result = try await connection.pipeline(commands).unlessError().last
            // Its holder renewed it meanwhile, or another lock stands there by now: the next look tells.
            guard let result, !result.isNull else { continue }
            try require(removals + 1, in: result)
            // An entry that the history does not take is not worth a lock that seems to stay.
            if let error = result.elements.prefix(removals + 1).lazy.compactMap(\.error).first { throw error }
            if names.isCluster {
                _ = try? await keyspace.connection(for: names.history).pipeline(history)
                try await EpochSpread(names: names).raise(to: epoch, on: keyspace)
            }
            return true
        }
        return false
    }

    /// Runs work under the lock: renewed on a connection of its own meanwhile, given back on every way out.
    public func withLease<Result: Sendable>(
        on keyspace: any Keyspace,
        for migration: String,
        watch: inout LockWatch,
        _ body: (Lease) async throws -> Result
    ) async throws -> Result {
        let lease = try await acquire(on: keyspace, for: migration, watch: &watch)
        let renewal = Task { await renewAllUntilCancelled(lease, on: keyspace) }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(lease))
        } catch {
            result = .failure(error)
        }
        renewal.cancel()
        await renewal.value
        await giveBack(lease, on: keyspace)
        return try result.get()
    }

    private struct Seen {
        var locks: Locks
        /// Why it cannot be read, where it cannot.
        var epoch: Result<Epoch?, MigrationError>
    }

    static let attempts = 10

    /// Watches and reads what is in the slot of the lock: on one server Outpost's locks too.
    private func look(on connection: RedisConnection) async throws -> Seen {
        var commands = CommandBuffer()
        let theirs = names.isCluster ? [] : names.outpostLocks + names.awaitedLocks
        commands.append("WATCH", [names.lock, names.epoch] + theirs)
        BookkeepingReads.ask(names.lock, in: &commands)
        commands.append("PTTL", names.lock)
        BookkeepingReads.ask(names.epoch, in: &commands)
        commands.append("EXISTS", names.epoch)
        if !names.isCluster { Locks.ask(names, in: &commands) }
        let replies = try await connection.pipeline(commands)
        _ = try replies[0].unlessError()
        // A lock of another type answers WRONGTYPE, and that is a lock all the same; other errors are not.
        if let error = replies[1].error, error.serverCode != "WRONGTYPE" { throw error }
        if let error = replies[3].error, error.serverCode != "WRONGTYPE" { throw error }
        // Both are watched, so what is asked of each speaks of the same: a key that is not there has the time to live -2.
        let lock = replies[2].integer == -2 ? .null : replies[1]
        let hasEpoch = try replies[4].bounded("EXISTS") != 0
        let own = LockReading(value: lock, timeToLive: replies[2])
        return Seen(
            locks: Locks(own: own, outpost: names.isCluster ? [] : try Locks.outpost(names, in: replies[5...])),
            epoch: epoch(hasEpoch ? replies[3] : .null)
        )
    }

    private func epoch(_ reply: Reply) -> Result<Epoch?, MigrationError> {
        if reply.isNull { return .success(nil) }
        guard let known = reply.bytes.flatMap(Epoch.init) else {
            return .failure(.unreadable(names.epoch, "is not an epoch (<number>:<token>)"))
        }
        return .success(known)
    }

    /// The first commands of a transaction are those that count.
    private func require(_ count: Int, in result: Reply) throws {
        guard result.count >= count else {
            throw RedisError(.unexpectedReply, "EXEC did not answer for each of its commands.", outcome: .unknown)
        }
    }

    /// Throws where the lock could not be taken now; what another moment changes is for `acquire` to see.
    ///
    /// Errors: `lockHeld` with the holder.
    public func requireFree(_ locks: Locks, watch: inout LockWatch) throws {
        try admit(locks.own, watch: &watch)
        try admit(locks.outpost)
    }

    /// Throws if another tool holds one of Outpost's locks.
    func admit(_ locks: [OutpostLock]) throws {
        guard let holder = Locks(own: .free, outpost: locks).outpostHolder else { return }
        throw MigrationError(
            .lockHeld,
            "A migration lock is held by \(holder.words). \(holder.wayOut)",
            holder: holder
        )
    }

    /// Throws unless the lock is free, ours or abandoned.
    private func admit(_ lock: LockReading, watch: inout LockWatch) throws {
        switch lock {
        case .free:
            return
        case .ours(let record, _, let left):
            if record.token == identity.token { return }
            if watch.isStale(record, timeToLive: left, now: .now, identity: identity) { return }
        case .foreign:
            break
        }
        let who = lock.holder.map { "\($0.words). \($0.wayOut)" } ?? "somebody."
        throw MigrationError(.lockHeld, "The migration lock is held by \(who)", holder: lock.holder)
    }

    /// Nil when the lock or the epoch changed since the look.
    private func take(
        after seen: Seen,
        _ epoch: Epoch,
        for migration: String,
        server: String,
        tells: Bool,
        on connection: RedisConnection
    ) async throws -> Lease? {
        let instant = ContinuousClock.now
        let record = LockRecord(identity: identity, times: times, migration: migration, at: .now)
        let bytes = try StoredDocument.encode(record)
        var commands = CommandBuffer()
        commands.append("MULTI")
        commands.append("SET", names.lock, bytes, Bytes("PX"), Bytes(decimal: record.ttl))
        commands.append("SET", names.epoch, epoch.bytes)
        let theirs = names.isCluster ? [] : names.outpostLocks
        let value = OutpostLock.value(of: record.token)
        for key in theirs { commands.append("SET", key, value, Bytes("PX"), Bytes(decimal: record.ttl)) }
        let takeover = takeover(of: seen.locks.own, for: record)
        if let takeover, tells, !names.isCluster { History.append(takeover, names: names, to: &commands) }
        commands.append("EXEC")
        let replies = try await connection.pipeline(commands)
        // An error at queue time is the cause; EXECABORT, which follows from it, is not.
        guard let result = try replies.unlessError().last, !result.isNull else { return nil }
        try require(2 + theirs.count, in: result)
        // The lock is ours even where the history does not take its entry.
        if let error = result.elements.prefix(2 + theirs.count).lazy.compactMap(\.error).first { throw error }
        return Lease(
            record: record,
            recordBytes: bytes,
            epoch: epoch,
            names: names,
            author: identity.person,
            takeover: takeover,
            serverRunID: server,
            at: instant
        )
    }

    /// What the history is told where the lock was another's.
    private func takeover(of lock: LockReading, for record: LockRecord) -> Event? {
        guard case .ours(let earlier, _, _) = lock, earlier.token != identity.token, let holder = lock.holder else {
            return nil
        }
        return Event(.lockTakenOver, [.migration: record.migration, .holder: holder.text, .by: record.holder])
    }

    private func next(after epoch: Epoch?) throws -> Epoch {
        guard let next = (epoch ?? Epoch(number: 0, token: "")).next(token: identity.token) else {
            throw MigrationError.unreadable(names.epoch, "has the last number and cannot be raised")
        }
        return next
    }

    /// A connection of its own for the lock, which gives up before a renewal is due.
    func lockConnection(on keyspace: any Keyspace, for key: Bytes? = nil) async throws -> RedisConnection {
        try await keyspace.another(for: key ?? names.lock) { options in
            options.clientName += "-lock"
            options.connectTimeout = min(options.connectTimeout, times.renewInterval)
            options.commandTimeout = min(options.commandTimeout, times.renewInterval)
        }
    }

    /// On one server in one request; in a cluster each of Outpost's locks on a connection to its own node.
    private func renewAllUntilCancelled(_ lease: Lease, on keyspace: any Keyspace) async {
        await withTaskGroup { group in
            group.addTask { await renewUntilCancelled(lease, on: keyspace) }
            for key in names.isCluster ? names.outpostLocks : [] {
                group.addTask { await renewUntilCancelled(lease, outpostLock: key, on: keyspace) }
            }
        }
    }

    /// A renewal that fails is tried again on a new connection; the lease itself knows when that has gone on too long.
    private func renewUntilCancelled(_ lease: Lease, on keyspace: any Keyspace) async {
        var connection: RedisConnection?
        var renewal = ContinuousClock.now
        while !Task.isCancelled, !lease.isLost {
            var pause = times.renewInterval
            do {
                let current: RedisConnection
                if let connection { current = connection } else { current = try await lockConnection(on: keyspace) }
                connection = current
                if renewal <= .now {
                    try await lease.renew(on: current)
                    renewal = .now + times.renewInterval
                } else {
                    try await lease.look(on: current)
                }
                // The transactions of a cluster do not see the lock themselves.
                if names.isCluster { pause = min(pause, Self.lookInterval) }
            } catch {
                await connection?.close()
                connection = nil
                // The lock's slot may have another master by now.
                try? await keyspace.refresh()
                pause = min(pause, .seconds(1))
                renewal = .now
            }
            try? await Task.sleep(for: pause)
        }
        await connection?.close()
    }

    private static let lookInterval = Duration.milliseconds(100)

    /// A lock that cannot be given back is found stale by others, and ours by ourselves.
    ///
    /// When the work lost its connection, its last transaction may still be on its way: it is cut off first. In a cluster
    /// the next holder's epochs, set before its first read, do that in every slot.
    private func giveBack(_ lease: Lease, on keyspace: any Keyspace) async {
        // What is compared in the same transaction cannot be another's; also a lease that was lost for want of renewal is
        // given back, so that nobody waits until it is stale.
        let connection = try? await keyspace.connection(for: names.lock)
        let isClosed = await connection?.isClosed ?? true
        if !isClosed, !lease.isLost {
            try? await release(lease, on: keyspace)
            return
        }
        // A server that let the lease run out may hang: it gets no more time than a renewal.
        if names.isCluster { await releaseOutpostLocks(of: lease, on: keyspace) }
        guard let another = try? await lockConnection(on: keyspace) else { return }
        // After a restart of the server the number is a stranger's.
        if isClosed, !names.isCluster, let id = await connection?.id,
            let now = try? await ServerInfo.read(from: another).identity.runID, now == lease.serverRunID
        {
            _ = try? await another.send("CLIENT", "KILL", "ID", String(id))
        }
        try? await release(lease, onLockConnection: another, raisingEpoch: true)
        await another.close()
    }
}
