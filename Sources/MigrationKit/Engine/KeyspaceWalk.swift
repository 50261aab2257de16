import RedisClient

/// What a walk does with the keys that it comes by.
protocol WalkWork: AnyObject {
    /// What finds the keys.
    associatedtype Lister: PageLister
    /// One key, or the pair that it belongs to.
    typealias Item = Lister.Item

    /// Finds what the keys of a page are to the work.
    var lister: Lister { get }
    /// How far the work is.
    var progress: Progress { get }

    /// Counts as done so many items that the pages before a checkpoint held.
    func goOn(behind items: Int)

    /// Counts what a page has, and returns what of it is to be handled.
    func take(_ listing: Listing<Item>) -> [Item]

    /// What a batch asks in one look; nil where it needs more than one look at one server, and is to be attempted.
    func look(at batch: [Item]) -> BatchLook<Item>?

    /// Hands over what a look could not tell: it is to be attempted.
    func takeUnsettled() -> [Item]

    /// Handles a batch, in one transaction or in one a slot; returns the items to which nothing happened because a
    /// watched key changed.
    func attempt(_ batch: [Item]) async throws -> [Item]

    /// How many bytes it will still add to the server, about; nil where it adds none.
    var bytesToAdd: Int? { get }

    /// How many items the next batch may have at most; may change as the work learns what it is about.
    var largestBatch: Int { get }

    /// How many bytes reading an item brings, about.
    func weight(of item: Item) -> Int

    /// Notes an item that changed faster than it could be handled.
    func giveUp(_ item: Item)

    /// Notes an item that is left to a person for this reason.
    func hold(_ item: Item, reason: String)

    /// The item with what it takes, counted and not estimated; nil where that is too large, and it is held.
    func measured(exactly item: Item) async throws -> Item?

    /// What could only be decided once all keys were seen; asked for at the end of the walk.
    func leftovers() async throws -> [Item]

    /// Hands over the held keys that were found and not told of yet; called for every page and at the end.
    func tellOfHeldKeys() async throws
}

extension WalkWork {
    /// As many as pairs.
    var largestBatch: Int { BatchPace.largest }

    /// Nothing.
    func leftovers() async throws -> [Item] { [] }
}

/// One walk over all keys, in pages and batches; what is done with them is the work's.
///
/// Complete only if the servers were the same masters from start to end, and in a cluster no slot moved. The masters of
/// a cluster are walked over side by side, and while one page is handled the next is listed. Used once, by one task.
final class KeyspaceWalk<Work: WalkWork> {
    /// Told after every page all of whose items are committed, none deferred.
    typealias PageEnd = (_ cursors: [String: String], _ progress: Progress) async throws -> Void

    /// The servers that are walked over, as one.
    let server: ServerInfo

    let work: Work
    let context: MigrationContext
    let brake: WalkBrake
    /// The state as it was at the last page all of whose items were committed.
    var checkpointed: MigrationState?
    /// What the stored state says of the servers' strain.
    var storedStrain: WalkStrain?
    /// The page that is handled, and what is left of it.
    var page: WalkPage<Work.Item>?
    var items: ArraySlice<Work.Item> = []
    var countInPage = 0
    /// Where the walk goes on behind the last page that a stream has left behind.
    var passed: [String: String]?
    var deferred: [Work.Item] = []
    var pace: BatchPace
    private var lastTold = ContinuousClock.now
    private let topology: Topology?
    /// For batches beside those on the first connection; none where it is the only one.
    var further: [RedisConnection] = []
    var lastStreamed = ContinuousClock.now
    private var reader: PageReader<Work.Lister>

    /// Attempts batches, and finds the one key that ends the connection.
    var isolation: FaultIsolation<Work> {
        FaultIsolation(
            work: work,
            keyspace: context.keyspace,
            server: server.identity,
            writing: context.lease == nil ? nil : context.names
        )
    }

    private static var attemptsWhenHot: Int { 20 }
    private static var batchesUnderWay: Int { 2 }

    /// A walk over the names with a prefix, or over all.
    init(_ work: Work, prefix: Bytes?, context: MigrationContext) async throws {
        self.work = work
        self.context = context
        let servers = try await KeyspaceServers.read(from: context.keyspace)
        server = servers.info
        brake = WalkBrake(servers)
        storedStrain = context.state?.progress.strain
        if let refusal = server.replicaRefusal { throw MigrationError(.notMaster, refusal) }
        topology = try await Topology.read(from: servers.masters.map(\.master), of: context.keyspace)
        let roundTrip = try await Self.roundTrip(on: servers.masters[0].master.connection)
        reader = PageReader(
            work.lister,
            of: servers.masters.map { .init(master: $0.master, runID: $0.info.identity.runID, keys: $0.info.keys) },
            prefix: prefix,
            context: context
        ).over(roundTrip)
        pace = BatchPace(
            limits: context.limits,
            roundTrip: roundTrip,
            largest: max(BatchPace.largest, work.largestBatch)
        )
    }

    /// Whether a checkpoint tells where on these servers to go on.
    private func continues(_ checkpoint: Checkpoint) -> Bool {
        reader.lanes.contains { checkpoint.cursors[$0.runID] != nil }
    }

    /// Walks from a checkpoint, or from the start.
    ///
    /// Errors: `interrupted` when asked to stop, `serverChanged` and `clusterUnsettled` when the walk is not complete, and
    /// all of the fence's.
    func run(from checkpoint: Checkpoint?, pageEnd: PageEnd) async throws {
        if let checkpoint {
            reader.resume(checkpoint)
            if continues(checkpoint) { work.goOn(behind: checkpoint.processedItems) }
        }
        do {
            try await walkPages(pageEnd)
            try await handleDeferred()
            items = try await work.leftovers()[...]
            try await handle()
            try await handleDeferred()
            try await work.tellOfHeldKeys()
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

    private func walkPages(_ pageEnd: PageEnd) async throws {
        try stopIfAsked()
        pace.postpone(by: try await giveWay())
        guard let first = try await reader.next() else { return }
        let ahead = first.reader.isDone ? nil : await anotherConnection()
        if ahead != nil {
            for _ in 1..<Self.batchesUnderWay { if let one = await anotherConnection() { further.append(one) } }
        }
        do {
            try await walkPages(from: first.page, first.reader, ahead: ahead, pageEnd)
        } catch {
            await close(ahead)
            throw error
        }
        await close(ahead)
    }

    /// Handles page after page, while the next ones are listed.
    private func walkPages(
        from first: WalkPage<Work.Item>,
        _ behind: PageReader<Work.Lister>,
        ahead: RedisConnection?,
        _ pageEnd: PageEnd
    ) async throws {
        var pages = PagesAhead(ahead.map { behind.asking(over: $0) } ?? behind.besideTheWork)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { pages.stop() }
            group.addTask(executorPreference: ahead?.executor) { [pages] in await pages.run() }
            page = first
            while let current = page {
                items = work.take(current.listing)[...]
                countInPage = items.count
                try await handle(pages, pageEnd)
                try await work.tellOfHeldKeys()
                if deferred.isEmpty, let cursors = page?.cursors { try await pageEnd(cursors, progress) }
                tellProgress()
                do {
                    page = try await pages.next()
                } catch let error as RedisError where error.isConnectivity && ahead != nil {
                    // It rests while a page is handled, and a server may close clients that rest. The first one is in use.
                    pages = PagesAhead(pages.reader.asking(over: self.reader.lanes[0].master.connection).besideTheWork)
                    group.addTask { [pages] in await pages.run() }
                    page = try await pages.next()
                }
                try stopIfAsked()
                try await requireSameVersion()
                pace.postpone(by: try await giveWay())
            }
        }
    }

    /// On one server each transaction sees to it.
    private func requireSameVersion() async throws {
        guard context.lease != nil, context.keyspace.isCluster else { return }
        try await context.versionGuard?.look(on: context.keyspace)
    }

    /// One more connection to the one server; nil where it is not to be had or leads to another server: then the first
    /// serves alone. In a cluster there is one to each node, and they do.
    private func anotherConnection() async -> RedisConnection? {
        guard !context.keyspace.isCluster,
            let connection = try? await context.keyspace.another(for: [], { _ in })
        else { return nil }
        guard (try? await ServerInfo.read(from: connection))?.identity == server.identity else {
            await connection.close()
            return nil
        }
        return connection
    }

    private func close(_ ahead: RedisConnection?) async {
        await ahead?.close()
        for connection in further { await connection.close() }
        further = []
    }

    func stopIfAsked() throws {
        try context.lease?.check()
        if context.shouldStop() {
            throw MigrationError.startsOver
        }
    }

    func tellProgress() {
        guard lastTold.duration(to: .now) >= .milliseconds(100) else { return }
        lastTold = .now
        context.progress(progress)
    }

    private func handleDeferred() async throws {
        let waiting = deferred
        deferred = []
        for item in waiting {
            var isDone = false
            for _ in 0..<Self.attemptsWhenHot where !isDone {
                try stopIfAsked()
                isDone = try await isolation.attempt([item]).isEmpty
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
