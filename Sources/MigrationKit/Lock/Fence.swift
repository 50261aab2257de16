import RedisClient

/// Lets a write count only while no other holder has raised the epoch.
///
/// Every write of a migration is one of its transactions: `WATCH epoch …`, `GET epoch`, `GET lock`, reads, `MULTI` …
/// `EXEC`. The epoch is watched and not the lock, since renewals of the lock must not abort our own batches. In a
/// cluster a transaction is about one slot, which has an epoch of its own; the lock is elsewhere, and is read beside.
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
        /// The slot is elsewhere, or on its way: nothing happened.
        case redirected(RedisError)
    }

    /// What one transaction watches and reads; in a cluster all in one slot.
    public struct Look: Sendable {
        /// A key of the slot.
        public var key: Bytes
        /// The keys whose change makes it fail.
        public var watching: [Bytes]
        /// What is read before the decision.
        public var reads: CommandBuffer

        /// A look at keys of the slot of `key`.
        public init(at key: Bytes, watching: [Bytes] = [], reads: CommandBuffer = CommandBuffer()) {
            self.key = key
            self.watching = watching
            self.reads = reads
        }
    }

    /// Watches keys, reads, decides and writes, all or nothing.
    ///
    /// `decide` gets the replies to `reads` and returns the commands to run. An empty pipeline is run too: that it
    /// commits proves that what was read belongs together. Nil ends the transaction without that proof.
    /// Errors: `leaseLost`, `fenced`; a `RedisError` whose outcome says whether the writes may have happened.
    public func transaction(
        on keyspace: any Keyspace,
        at key: Bytes,
        watching keys: [Bytes] = [],
        reads: CommandBuffer = CommandBuffer(),
        decide: (Replies.SubSequence) throws -> CommandBuffer?
    ) async throws -> Outcome {
        var result = Outcome.nothingToDo
        try await transactions([Look(at: key, watching: keys, reads: reads)], on: keyspace) { _, replies in
            try decide(replies)
        } finish: { _, outcome in
            result = outcome
        }
        if case .redirected(let error) = result { throw error }
        return result
    }

    /// Runs one transaction for each look: those on different nodes at once, those on one node one after the other.
    ///
    /// `decide` is called with the look's index; `finish` once for each look with what became of it, before the next
    /// round on that node.
    public func transactions(
        _ looks: [Look],
        on keyspace: any Keyspace,
        decide: (Int, Replies.SubSequence) throws -> CommandBuffer?,
        finish: (Int, Outcome) throws -> Void
    ) async throws {
        var lanes = try await lanes(for: looks, on: keyspace)
        do {
            while lanes.contains(where: { !$0.isDone }) {
                try lease.check()
                let replies = try await exchange(&lanes, looks)
                for index in lanes.indices {
                    try await settle(&lanes[index], replies[index], finish: finish)
                    try judge(&lanes[index], replies[index], decide: decide, finish: finish)
                }
            }
        } catch let error as RedisError where error.outcome == .unknown {
            throw error
        } catch {
            for lane in lanes { _ = try? await lane.connection.send("UNWATCH") }
            throw error
        }
    }

    // MARK: Lanes

    /// The transactions of one node, one at a time: WATCH belongs to a connection.
    private struct Lane {
        let connection: RedisConnection
        /// The looks that are still to be taken, the next one last.
        var waiting: [Int]
        /// The look that was taken in this round.
        var looked: Int?
        /// The transaction to commit in the next round.
        var commit: (look: Int, epoch: Bytes, writes: CommandBuffer)?
        /// The key of the epoch of the look.
        var epoch: Bytes = []
        /// Whether keys are watched that no EXEC will release.
        var mustUnwatch = false
        /// How many replies of the round belong to the commit, and to UNWATCH.
        var commitReplies = 0
        var committed: (look: Int, epoch: Bytes)?

        var isDone: Bool { waiting.isEmpty && commit == nil && !mustUnwatch }
    }

    private func lanes(for looks: [Look], on keyspace: any Keyspace) async throws -> [Lane] {
        var lanes: [Lane] = []
        var known: [ObjectIdentifier: Int] = [:]
        for index in looks.indices.reversed() {
            let connection = try await keyspace.connection(for: looks[index].key)
            if let lane = known[ObjectIdentifier(connection)] {
                lanes[lane].waiting.append(index)
            } else {
                known[ObjectIdentifier(connection)] = lanes.count
                lanes.append(Lane(connection: connection, waiting: [index]))
            }
        }
        return lanes
    }

    /// One request to each node that has something to do: the commit of the last look, and the next look.
    private func exchange(_ lanes: inout [Lane], _ looks: [Look]) async throws -> [Replies] {
        var requests: [CommandBuffer] = []
        for index in lanes.indices {
            var commands = CommandBuffer()
            lanes[index].committed = lanes[index].commit.map { ($0.look, $0.epoch) }
            if let commit = lanes[index].commit {
                commands.append("MULTI")
                commands.append(contentsOf: commit.writes)
                commands.append("EXEC")
            } else if lanes[index].mustUnwatch {
                commands.append("UNWATCH")
            }
            lanes[index].commitReplies = commands.count
            lanes[index].commit = nil
            lanes[index].mustUnwatch = false
            lanes[index].looked = lanes[index].waiting.popLast()
            if let looked = lanes[index].looked {
                let look = looks[looked]
                let epoch = lease.names.epoch(for: look.key)
                lanes[index].epoch = epoch
                var watched = [epoch] + look.watching
                #if SEEDED_BUGS
                    if SeededBug.isOn(.noFence) { watched[0] = lease.names.lock }
                #endif
                commands.append("WATCH", watched)
                commands.append("GET", epoch)
                if !lease.names.isCluster { commands.append("GET", lease.names.lock) }
                commands.append(contentsOf: look.reads)
            }
            requests.append(commands)
        }
        if lanes.count == 1 { return [try await lanes[0].connection.pipeline(requests[0])] }
        var replies = [Replies](repeating: Replies(gathered: []), count: lanes.count)
        try await withThrowingTaskGroup(of: (Int, Replies).self) { group in
            for (index, lane) in lanes.enumerated() where !requests[index].isEmpty {
                let request = requests[index]
                group.addTask { (index, try await lane.connection.pipeline(request)) }
            }
            for try await (index, reply) in group { replies[index] = reply }
        }
        return replies
    }

    /// What became of the commit of a round.
    private func settle(_ lane: inout Lane, _ replies: Replies, finish: (Int, Outcome) throws -> Void) async throws {
        guard let committed = lane.committed else { return }
        lane.committed = nil
        let look = committed.look
        let own = replies[..<lane.commitReplies]
        // The first error at queue time is the cause; the EXECABORT that follows from it is not.
        if let error = own.lazy.compactMap(\.error).first {
            guard error.isRedirection else { throw error }
            return try finish(look, .redirected(error))
        }
        guard let result = own.last, !result.isNull else {
            try await compareAgain(on: lane.connection, epochKey: committed.epoch)
            return try finish(look, .changed)
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
        try finish(look, .committed(results))
    }

    /// What is decided on the look of a round.
    private func judge(
        _ lane: inout Lane,
        _ replies: Replies,
        decide: (Int, Replies.SubSequence) throws -> CommandBuffer?,
        finish: (Int, Outcome) throws -> Void
    ) throws {
        guard let looked = lane.looked else { return }
        lane.looked = nil
        lane.mustUnwatch = true
        let own = replies[lane.commitReplies...]
        let first = own.startIndex
        // A reply in the middle may tell of the move as well: the key has left already, and its neighbours have not.
        if let error = own.lazy.compactMap(\.error).first(where: \.isRedirection) {
            return try finish(looked, .redirected(error))
        }
        _ = try own[first].unlessError()
        try compare(epoch: own[first + 1], lock: lease.names.isCluster ? nil : own[first + 2])
        guard let writes = try decide(looked, own[(first + (lease.names.isCluster ? 2 : 3))...]) else {
            return try finish(looked, .nothingToDo)
        }
        lane.mustUnwatch = false
        lane.commit = (looked, lane.epoch, writes)
    }

    // MARK: Comparing

    /// A commit that was refused: by the fence, or by a change of the data.
    private func compareAgain(on connection: RedisConnection, epochKey: Bytes) async throws {
        var look = CommandBuffer()
        look.append("GET", epochKey)
        if !lease.names.isCluster { look.append("GET", lease.names.lock) }
        let seen = try await connection.pipeline(look)
        // Where the slot has gone, the next look tells.
        if let error = seen[0].error, error.isRedirection { return }
        try compare(epoch: seen[0], lock: lease.names.isCluster ? nil : seen[1])
    }

    private func compare(epoch: Reply, lock: Reply?) throws {
        #if SEEDED_BUGS
            if SeededBug.isOn(.noFence) { return }
        #endif
        if let error = epoch.error, error.serverCode != "WRONGTYPE" { throw error }
        if let error = lock?.error, error.serverCode != "WRONGTYPE" { throw error }
        guard epoch.equals(lease.epochBytes) else {
            let loss = MigrationError(
                .fenced,
                "The migration's epoch was raised by another holder or by `unlock`; nothing was written after that."
            )
            lease.lose(loss)
            throw loss
        }
        guard let lock else { return }
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
