import RedisClient

/// What a walk does with the keys that it comes by.
protocol WalkWork: AnyObject {
    /// One key, or the pair that it belongs to.
    associatedtype Item

    /// How far the work is.
    var progress: Progress { get }

    /// What the keys of a page are to the work; what they are not, it counts by itself.
    func items(of names: [Bytes]) async throws -> [Item]

    /// Handles a batch, in one transaction or in one a slot; returns the items to which nothing happened because a
    /// watched key changed.
    func attempt(_ batch: [Item]) async throws -> [Item]

    /// How many bytes reading an item brings, about.
    func weight(of item: Item) -> Int

    /// Notes an item that changed faster than it could be handled.
    func giveUp(_ item: Item)

    /// What could only be decided once all keys were seen; asked for at the end of the walk.
    func leftovers() async throws -> [Item]
}

extension WalkWork {
    /// Nothing.
    func leftovers() async throws -> [Item] { [] }
}

/// One walk over all keys, in pages and batches; what is done with them is the work's.
///
/// Complete only if the servers were the same masters from start to end, and in a cluster no slot moved. The masters of
/// a cluster are walked over side by side. Used once, by one task.
final class KeyspaceWalk<Work: WalkWork> {
    /// Told after every page all of whose items are committed, none deferred.
    typealias PageEnd = (_ cursors: [String: String], _ progress: Progress) async throws -> Void

    /// The servers that are walked over, as one.
    let server: ServerInfo

    private let work: Work
    private let context: MigrationContext
    private let prefix: Bytes?
    private var deferred: [Work.Item] = []
    private var pace: BatchPace
    private var lastTold = ContinuousClock.now
    private let topology: Topology?
    private var lanes: [Lane]

    /// The walk over one master.
    private struct Lane {
        let master: KeyspaceMaster
        let runID: String
        var cursor = Bytes("0")
        var isDone = false
    }

    private static var pageSize: Int { 200 }
    private static var attemptsWhenHot: Int { 20 }

    /// A walk over the names with a prefix, or over all.
    init(_ work: Work, prefix: Bytes?, context: MigrationContext) async throws {
        self.work = work
        self.prefix = prefix
        self.context = context
        let servers = try await KeyspaceServers.read(from: context.keyspace)
        server = servers.info
        guard server.isMaster else {
            throw MigrationError(.serverChanged, "The server is a replica; the master is looked for again.")
        }
        topology = try await Topology.read(from: servers.masters.map(\.master), of: context.keyspace)
        lanes = servers.masters.map { Lane(master: $0.master, runID: $0.info.identity.runID) }
        pace = BatchPace(limits: context.limits, roundTrip: try await Self.roundTrip(on: lanes[0].master.connection))
    }

    /// Whether a checkpoint tells where on these servers to go on.
    func continues(_ checkpoint: Checkpoint) -> Bool {
        lanes.contains { checkpoint.cursors[$0.runID] != nil }
    }

    /// Walks from a checkpoint, or from the start.
    ///
    /// Errors: `interrupted` when asked to stop, `serverChanged` and `clusterUnsettled` when the walk is not complete, and
    /// all of the fence's.
    func run(from checkpoint: Checkpoint?, pageEnd: PageEnd) async throws {
        // A cursor belongs to one server process; a server that has none begins at the start.
        if let checkpoint { resume(checkpoint) }
        do {
            while lanes.contains(where: { !$0.isDone }) {
                try stopIfAsked()
                let names = try await scan()
                try await handle(try await work.items(of: names))
                if deferred.isEmpty { try await pageEnd(cursors, work.progress) }
                tellProgress()
            }
            try await handleDeferred()
            try await handle(try await work.leftovers())
            try await handleDeferred()
        } catch let error as RedisError where error.isRedirection {
            throw MigrationError(
                .clusterUnsettled,
                "A slot of the cluster is on its way to another node, or has none (\(error.message)). What is done is kept; "
                    + "the walk begins again."
            )
        }
        try await requireSameServers()
        context.progress(work.progress)
    }

    private func resume(_ checkpoint: Checkpoint) {
        #if SEEDED_BUGS
            if SeededBug.isOn(.cursorKept), let kept = checkpoint.cursors.values.first { lanes[0].cursor = Bytes(kept) }
        #endif
        for index in lanes.indices {
            guard let cursor = checkpoint.cursors[lanes[index].runID] else { continue }
            if cursor == Checkpoint.end { lanes[index].isDone = true }
            if UInt64(cursor) != nil { lanes[index].cursor = Bytes(cursor) }
        }
    }

    private var cursors: [String: String] {
        var cursors: [String: String] = [:]
        for lane in lanes {
            cursors[lane.runID] = lane.isDone ? Checkpoint.end : String(decoding: lane.cursor, as: UTF8.self)
        }
        return cursors
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

    /// The next page of every master that is not at its end.
    private func scan() async throws -> [Bytes] {
        let asked = lanes.indices.filter { !lanes[$0].isDone }
        var pages = [Replies?](repeating: nil, count: lanes.count)
        if asked.count == 1 {
            pages[asked[0]] = try await lanes[asked[0]].master.connection.pipeline(
                question(from: lanes[asked[0]].cursor)
            )
        } else {
            try await withThrowingTaskGroup(of: (Int, Replies).self) { group in
                for index in asked {
                    let connection = lanes[index].master.connection
                    let question = question(from: lanes[index].cursor)
                    group.addTask { (index, try await connection.pipeline(question)) }
                }
                for try await (index, page) in group { pages[index] = page }
            }
        }
        // SCAN may return a key twice, most often in one page.
        var seen = Set<KeyName>()
        var names: [Bytes] = []
        for index in asked {
            guard let reply = pages[index]?[0] else { continue }
            var parts = try reply.unlessError().elements
            guard let next = parts.next()?.bytes, let page = parts.next(), page.kind == .array else {
                throw RedisError(.unexpectedReply, "SCAN did not answer a cursor and names.", outcome: .notExecuted)
            }
            lanes[index].cursor = next
            lanes[index].isDone = next == Bytes("0")
            // A node may still hold keys of a slot that it lost: they are nobody's.
            names += page.elements.compactMap(\.bytes).filter {
                !context.names.isBookkeeping($0) && lanes[index].master.owns($0) && seen.insert(KeyName($0)).inserted
            }
        }
        return names
    }

    private func question(from cursor: Bytes) -> CommandBuffer {
        var arguments = [cursor]
        if let prefix { arguments += [Bytes("MATCH"), Glob.matching(prefix: prefix)] }
        arguments += [Bytes("COUNT"), Bytes(String(Self.pageSize))]
        var commands = CommandBuffer()
        commands.append("SCAN", arguments)
        return commands
    }

    private func handle(_ items: [Work.Item]) async throws {
        var rest = items[...]
        while !rest.isEmpty {
            try stopIfAsked()
            let batch = Array(rest.prefix(pace.size).prefix(BatchPace.mostBytes, by: work.weight))
            rest = rest.dropFirst(batch.count)
            let began = ContinuousClock.now
            try await halving(batch)
            if context.keyspace.isCluster {
                pace.noteSpreadBatch(of: batch.count)
            } else {
                pace.noteBatch(of: batch.count, took: began.duration(to: .now), roundTrips: 2)
            }
            let pause = pace.pause()
            if pause > .zero { try await Task.sleep(for: pause) }
            tellProgress()
        }
    }

    /// What lost a race is halved, down to single items; those wait until the end of the walk.
    private func halving(_ batch: [Work.Item]) async throws {
        let undone = try await work.attempt(batch)
        if undone.count == 1 {
            deferred += undone
        } else if undone.count > 1 {
            let half = undone.count / 2
            try await halving(Array(undone[..<half]))
            try await halving(Array(undone[half...]))
        }
    }

    private func handleDeferred() async throws {
        let waiting = deferred
        deferred = []
        for item in waiting {
            var isDone = false
            for _ in 0..<Self.attemptsWhenHot where !isDone {
                try stopIfAsked()
                isDone = try await work.attempt([item]).isEmpty
            }
            if !isDone { work.giveUp(item) }
        }
    }

    private func requireSameServers() async throws {
        let now = try await KeyspaceServers.read(from: context.keyspace)
        guard now.info.isMaster, now.info.identity == server.identity else {
            throw MigrationError(
                .serverChanged,
                "The server restarted or failed over during the walk; the walk is not complete and begins again."
            )
        }
        guard try await Topology.read(from: now.masters.map(\.master), of: context.keyspace) == topology else {
            throw MigrationError(
                .clusterUnsettled,
                "Slots of the cluster went to other nodes during the walk; the walk is not complete and begins again."
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
