import RedisClient

/// Lets a write count only while no other holder has raised the epoch.
///
/// Every write of a migration is one of its transactions: `WATCH epoch …`, the epoch, the lock, reads, `MULTI` …
/// `EXEC`. The epoch is watched and not the lock, since renewals of the lock must not abort our own batches. In a
/// cluster a transaction is about one slot, which has an epoch of its own; the lock is elsewhere, and is read beside.
/// Source: https://redis.io/docs/latest/develop/using-commands/transactions/
public struct Fence: Sendable {
    /// The lease whose writes count.
    public let lease: Lease

    /// What must be as a phase found it besides.
    let version: VersionGuard?

    /// The fence of one lease.
    public init(_ lease: Lease) {
        self.init(lease, guarding: nil)
    }

    /// The fence of one lease, through which nothing is written once the schema version is not what it was. In a cluster,
    /// where the version has a slot of its own, it is the walk that looks at it.
    init(_ lease: Lease, guarding version: VersionGuard?) {
        self.lease = lease
        self.version = lease.names.isCluster ? nil : version
    }

    /// What became of a transaction.
    public enum Outcome: Sendable {
        /// There was nothing to do.
        case nothingToDo
        /// All commands ran; their replies are the elements of this one, in order.
        case committed(Reply)
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
        /// Whether a transaction may follow. Where none may, nothing is watched, the epoch neither, and what was read was not
        /// read at one moment.
        public var isWatched: Bool

        /// A look at keys of the slot of `key`.
        public init(
            at key: Bytes,
            watching: [Bytes] = [],
            reads: CommandBuffer = CommandBuffer(),
            isWatched: Bool = true
        ) {
            self.key = key
            self.watching = watching
            self.reads = reads
            self.isWatched = isWatched
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
        decide: @escaping (Replies.SubSequence) throws -> CommandBuffer?
    ) async throws -> Outcome {
        try await transaction(Look(at: key, watching: keys, reads: reads), on: keyspace, decide: decide)
    }

    /// The same for a look.
    func transaction(
        _ look: Look,
        on keyspace: any Keyspace,
        decide: @escaping (Replies.SubSequence) throws -> CommandBuffer?
    ) async throws -> Outcome {
        var result = Outcome.nothingToDo
        try await transactions([look], on: keyspace) { _, replies in
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
    /// one on that node is decided.
    public func transactions(
        _ looks: [Look],
        on keyspace: any Keyspace,
        decide: @escaping (Int, Replies.SubSequence) throws -> CommandBuffer?,
        finish: @escaping (Int, Outcome) throws -> Void
    ) async throws {
        var connections: [RedisConnection] = []
        var waiting: [[Int]] = []
        var known: [ObjectIdentifier: Int] = [:]
        for index in looks.indices.reversed() {
            let connection = try await keyspace.connection(for: looks[index].key)
            if let lane = known[ObjectIdentifier(connection)] {
                waiting[lane].append(index)
            } else {
                known[ObjectIdentifier(connection)] = connections.count
                connections.append(connection)
                waiting.append([index])
            }
        }
        try await run(on: connections) { lane in
            waiting[lane].popLast().map { ($0, looks[$0]) }
        } decide: {
            try decide($0, $1)
        } finish: {
            try finish($0, $1)
        }
    }

    /// Runs transactions over several connections to one server, so that it works on one while another is decided.
    ///
    /// `next` is asked for a look whenever a connection is free, until it has none; `decide` and `finish` get the number of
    /// the look, counted from 0, and `answered` how long each request took, with what it had to wait for. A connection
    /// without a look calls `waitForMore`, which blocks until there may be one and is false where there will be none.
    func transactions(
        over connections: [RedisConnection],
        next: @escaping () throws -> Look?,
        waitForMore: @escaping () -> Bool,
        decide: @escaping (Int, Replies.SubSequence) throws -> CommandBuffer?,
        finish: @escaping (Int, Outcome) throws -> Void,
        answered: @escaping (Duration) -> Void
    ) async throws {
        var count = 0
        try await run(on: connections) { _ in
            guard let look = try next() else { return nil }
            defer { count += 1 }
            return (count, look)
        } decide: {
            try decide($0, $1)
        } finish: {
            try finish($0, $1)
        } answered: {
            answered($0)
        } waitForMore: {
            waitForMore()
        }
    }

    // MARK: Lanes

    /// The transactions of one connection, one at a time: WATCH belongs to a connection.
    private struct Lane {
        /// The look that was taken last, with the key of its epoch.
        var looked: (look: Int, epoch: Bytes, isWatched: Bool)?
        /// The transaction to commit with the next request.
        var commit: (look: Int, epoch: Bytes, writes: CommandBuffer)?
        /// Whether keys are watched that no EXEC will release.
        var mustUnwatch = false
        /// How many replies belong to the commit, and to UNWATCH.
        var commitReplies = 0
        var committed: (look: Int, epoch: Bytes, writes: CommandBuffer)?
    }

    /// One request after the other on each lane: the commit of its last look, and its next look. No lane waits for another.
    private func run(
        on connections: [RedisConnection],
        next: @escaping (Int) throws -> (Int, Look)?,
        decide: @escaping (Int, Replies.SubSequence) throws -> CommandBuffer?,
        finish: @escaping (Int, Outcome) throws -> Void,
        answered: @escaping (Duration) -> Void = { _ in },
        waitForMore: @escaping () -> Bool = { false }
    ) async throws {
        do {
            try await SideBySide.run(on: connections) { place in
                var lane = Lane()
                var took = Duration.zero
                func first() throws -> CommandBuffer? {
                    try place.inTurn {
                        try lease.check()
                        return try self.request(of: &lane, next: try next(place.index))
                    }
                }
                var request = try first()
                while true {
                    guard let commands = request else {
                        guard waitForMore() else { return }
                        request = try first()
                        continue
                    }
                    let replies = try place.exchange(commands, answered: &took)
                    let committed = lane.committed
                    // Only where a commit was refused is there something to ask at once.
                    var again: Replies?
                    if let committed, replies[lane.commitReplies - 1].isNull {
                        var ignored = Duration.zero
                        again = try place.exchange(lookAgain(epochKey: committed.epoch), answered: &ignored)
                    }
                    request = try place.inTurn {
                        answered(took)
                        try lease.check()
                        try settle(&lane, replies, again, finish: finish)
                        try judge(&lane, replies, decide: decide, finish: finish)
                        return try self.request(of: &lane, next: try next(place.index))
                    }
                }
            }
        } catch {
            // Whichever has failed: the others live on, and what they watch would refuse somebody's next commit.
            for connection in connections { _ = try? await connection.send("UNWATCH") }
            throw error
        }
    }

    /// What a lane asks next; nil when it has nothing more to do.
    private func request(of lane: inout Lane, next: (index: Int, look: Look)?) throws -> CommandBuffer? {
        let known = (lane.commit?.writes.byteCount ?? 0) + (next?.look.reads.byteCount ?? 0)
        let watched = next?.look.watching.reduce(0) { $0 + $1.count + 16 } ?? 0
        var commands = CommandBuffer(reserving: known + watched + 400)
        lane.committed = lane.commit
        if let commit = lane.commit {
            commands.append("MULTI")
            commands.append(contentsOf: commit.writes)
            commands.append("EXEC")
        } else if lane.mustUnwatch {
            commands.append("UNWATCH")
        }
        lane.commitReplies = commands.count
        lane.commit = nil
        lane.mustUnwatch = false
        if let (index, look) = next {
            let epoch = lease.names.epoch(for: look.key)
            lane.looked = (index, epoch, look.isWatched)
            var watched = [epoch] + look.watching + (version?.keys ?? [])
            #if SEEDED_BUGS
                if SeededBug.isOn(.noFence) { watched[0] = lease.names.pause }
            #endif
            if look.isWatched { commands.append("WATCH", watched) }
            lease.askForEpoch(epoch, in: &commands)
            if !lease.names.isCluster { lease.askForLock(in: &commands) }
            version?.ask(in: &commands)
            commands.append(contentsOf: look.reads)
        }
        return commands.isEmpty ? nil : commands
    }

    /// What became of a lane's commit.
    private func settle(
        _ lane: inout Lane,
        _ replies: Replies,
        _ again: Replies?,
        finish: (Int, Outcome) throws -> Void
    ) throws {
        guard let committed = lane.committed else { return }
        lane.committed = nil
        let look = committed.look
        // The first error at queue time is the cause; the EXECABORT that follows from it is not.
        if let error = replies.firstError(in: 0..<lane.commitReplies) {
            guard error.isRedirection else { throw error }
            return try finish(look, .redirected(error))
        }
        let result = replies[lane.commitReplies - 1]
        guard !result.isNull else {
            try again.map(compareAgain)
            return try finish(look, .changed)
        }
        if let error = RedisError.partlyExecuted(committed.writes, replies: result) { throw error }
        guard result.count == committed.writes.count else {
            throw RedisError(
                .unexpectedReply,
                "EXEC answered \(result.count) replies to \(committed.writes.count) commands.",
                outcome: .unknown
            )
        }
        try finish(look, .committed(result))
    }

    /// What is decided on a lane's look.
    private func judge(
        _ lane: inout Lane,
        _ replies: Replies,
        decide: (Int, Replies.SubSequence) throws -> CommandBuffer?,
        finish: (Int, Outcome) throws -> Void
    ) throws {
        guard let (looked, epochKey, isWatched) = lane.looked else { return }
        lane.looked = nil
        lane.mustUnwatch = isWatched
        let own = replies[lane.commitReplies...]
        let first = own.startIndex + (isWatched ? 1 : 0)
        // A reply in the middle may tell of the move as well: the key has left already, and its neighbours have not.
        if let error = replies.firstError(in: own.indices, where: \.isRedirection) {
            return try finish(looked, .redirected(error))
        }
        if isWatched { _ = try own[own.startIndex].unlessError() }
        try compare(epoch: own[first], lock: lease.names.isCluster ? nil : own[first + 1])
        var behind = first + (lease.names.isCluster ? 1 : 2)
        if let version {
            try version.compare(version: own[behind], records: own[behind + 1])
            behind += VersionGuard.questionCount
        }
        guard let writes = try decide(looked, own[behind...]) else {
            return try finish(looked, .nothingToDo)
        }
        precondition(isWatched, "what was not watched is no ground to write on")
        lane.mustUnwatch = false
        lane.commit = (looked, epochKey, writes)
    }

    // MARK: Comparing

    /// What tells why a commit was refused: by the fence, or by a change of the data.
    private func lookAgain(epochKey: Bytes) -> CommandBuffer {
        var look = CommandBuffer()
        lease.askForEpoch(epochKey, in: &look)
        if !lease.names.isCluster { lease.askForLock(in: &look) }
        return look
    }

    private func compareAgain(_ seen: Replies) throws {
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
            let holder = Lease.holder(by: lock)
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

extension RedisError {
    /// Names the command of a transaction that failed while the others ran, and its key; nil if none did.
    static func partlyExecuted(_ commands: CommandBuffer, replies: Reply) -> RedisError? {
        for (index, reply) in replies.elements.enumerated() {
            guard let error = reply.error else { continue }
            let (name, key) = commands.beginning(ofCommand: index)
            return RedisError(
                .partlyExecuted,
                "A command of a transaction failed while the others ran: \(String(decoding: name, as: UTF8.self)) "
                    + "\(KeyText.escaped(key, limit: 100)): \(error.message)",
                outcome: .unknown,
                serverCode: error.serverCode
            )
        }
        return nil
    }
}
