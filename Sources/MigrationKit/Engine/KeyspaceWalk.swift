import RedisClient

/// What a walk does with the keys that it comes by.
protocol WalkWork: AnyObject {
    /// One key, or the pair that it belongs to.
    associatedtype Item

    /// How far the work is.
    var progress: Progress { get }

    /// What the keys of a page are to the work; what they are not, it counts by itself.
    func items(of names: [Bytes]) async throws -> [Item]

    /// Handles a batch in one transaction; false when a watched key changed and nothing happened.
    func attempt(_ batch: [Item]) async throws -> Bool

    /// Notes an item that changed faster than it could be handled.
    func giveUp(_ item: Item)

    /// What could only be decided once all keys were seen; asked for at the end of the walk.
    func leftovers() async throws -> [Item]
}

extension WalkWork {
    /// Nothing.
    func leftovers() async throws -> [Item] { [] }
}

/// One walk over all keys of a server, in pages and batches; what is done with them is the work's.
///
/// Complete only if the server was the same master from start to end. Used once, by one task.
final class KeyspaceWalk<Work: WalkWork> {
    /// Told after every page all of whose items are committed, none deferred.
    typealias PageEnd = (_ cursor: Bytes, _ progress: Progress) async throws -> Void

    /// The server that is walked over.
    let server: ServerInfo

    private let work: Work
    private let context: MigrationContext
    private let prefix: Bytes?
    private var deferred: [Work.Item] = []
    private var pace: BatchPace
    private var lastTold = ContinuousClock.now

    private static var pageSize: Int { 200 }
    private static var attemptsWhenHot: Int { 20 }

    /// A walk over the names with a prefix, or over all.
    init(_ work: Work, prefix: Bytes?, context: MigrationContext) async throws {
        self.work = work
        self.prefix = prefix
        self.context = context
        server = try await ServerInfo.read(from: context.connection)
        guard server.isMaster else {
            throw MigrationError(.serverChanged, "The server is a replica; the master is looked for again.")
        }
        pace = BatchPace(limits: context.limits, roundTrip: try await Self.roundTrip(on: context.connection))
    }

    /// Walks from a checkpoint, or from the start.
    ///
    /// Errors: `interrupted` when asked to stop, `serverChanged` when the walk is not complete, and all of the fence's.
    func run(from checkpoint: Checkpoint?, pageEnd: PageEnd) async throws {
        var cursor = Bytes("0")
        // A cursor belongs to one server process; what is none begins at the start.
        if let checkpoint, checkpoint.runID == server.identity.runID, UInt64(checkpoint.cursor) != nil {
            cursor = Bytes(checkpoint.cursor)
        }
        repeat {
            try stopIfAsked()
            let names = try await scan(&cursor)
            try await handle(try await work.items(of: names))
            if deferred.isEmpty { try await pageEnd(cursor, work.progress) }
            tellProgress()
        } while cursor != Bytes("0")
        try await handleDeferred()
        try await handle(try await work.leftovers())
        try await handleDeferred()
        try await requireSameServer()
        context.progress(work.progress)
    }

    private func stopIfAsked() throws {
        try context.lease?.check()
        if context.shouldStop() {
            throw MigrationError(.interrupted, "Stopped between two batches; what is done is kept.")
        }
    }

    private func tellProgress() {
        guard lastTold.duration(to: .now) >= .milliseconds(100) else { return }
        lastTold = .now
        context.progress(work.progress)
    }

    private func scan(_ cursor: inout Bytes) async throws -> [Bytes] {
        var arguments = [cursor]
        if let prefix { arguments += [Bytes("MATCH"), Glob.matching(prefix: prefix)] }
        arguments += [Bytes("COUNT"), Bytes(String(Self.pageSize))]
        var commands = CommandBuffer()
        commands.append("SCAN", arguments)
        var parts = try await context.connection.pipeline(commands)[0].unlessError().elements
        guard let next = parts.next()?.bytes, let page = parts.next(), page.kind == .array else {
            throw RedisError(.unexpectedReply, "SCAN did not answer a cursor and names.", outcome: .notExecuted)
        }
        cursor = next
        // SCAN may return a key twice, most often in one page.
        var seen = Set<Bytes>()
        return page.elements.compactMap(\.bytes).filter { !context.names.isBookkeeping($0) && seen.insert($0).inserted }
    }

    private func handle(_ items: [Work.Item]) async throws {
        var rest = items[...]
        while !rest.isEmpty {
            try stopIfAsked()
            let batch = Array(rest.prefix(pace.size))
            rest = rest.dropFirst(batch.count)
            let began = ContinuousClock.now
            try await halving(batch)
            pace.noteBatch(of: batch.count, took: began.duration(to: .now), roundTrips: 2)
            let pause = pace.pause()
            if pause > .zero { try await Task.sleep(for: pause) }
            tellProgress()
        }
    }

    /// A batch that lost a race is halved, down to single items; those wait until the end of the walk.
    private func halving(_ batch: [Work.Item]) async throws {
        guard try await !work.attempt(batch) else { return }
        if batch.count == 1 {
            deferred += batch
        } else {
            let half = batch.count / 2
            try await halving(Array(batch[..<half]))
            try await halving(Array(batch[half...]))
        }
    }

    private func handleDeferred() async throws {
        let waiting = deferred
        deferred = []
        for item in waiting {
            var isDone = false
            for _ in 0..<Self.attemptsWhenHot where !isDone {
                try stopIfAsked()
                isDone = try await work.attempt([item])
            }
            if !isDone { work.giveUp(item) }
        }
    }

    private func requireSameServer() async throws {
        let now = try await ServerInfo.read(from: context.connection)
        guard now.isMaster, now.identity == server.identity else {
            throw MigrationError(
                .serverChanged,
                "The server restarted or failed over during the walk; the walk is not complete and begins again."
            )
        }
    }

    private static func roundTrip(on connection: RedisConnection) async throws -> Duration {
        var least = Duration.seconds(1)
        for _ in 0..<3 {
            let began = ContinuousClock.now
            _ = try await connection.send("PING")
            least = min(least, began.duration(to: .now))
        }
        return least
    }
}
