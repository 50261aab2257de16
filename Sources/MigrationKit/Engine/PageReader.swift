import RedisClient

/// One page of every master that was not at its end, with what its keys are.
struct WalkPage<Item: Sendable>: Sendable {
    /// What the keys are.
    var listing: Listing<Item>
    /// Where each master's walk goes on behind the page: its cursor by run_id.
    var cursors: [String: String]
    /// How many bytes its names have.
    var nameBytes = 0
}

/// Scans the masters side by side, page by page, and lists what their keys are; asks and never writes.
struct PageReader<Lister: PageLister>: Sendable {
    /// The walk over one master.
    struct Lane: Sendable {
        let master: KeyspaceMaster
        let runID: String
        var cursor = Bytes("0")
        var isDone = false
        /// How far it may go.
        var bound: ScanBound

        /// A walk at its beginning, over a master that has so many keys by INFO.
        init(master: KeyspaceMaster, runID: String, keys: Int = 0) {
            self.master = master
            self.runID = runID
            bound = ScanBound(count: keys, slack: 1_000_000)
        }

        /// The same walk, by way of another connection.
        fileprivate func by(_ master: KeyspaceMaster) -> Lane {
            var lane = Lane(master: master, runID: runID)
            (lane.cursor, lane.isDone, lane.bound) = (cursor, isDone, bound)
            return lane
        }
    }

    /// The masters and how far each is.
    private(set) var lanes: [Lane]
    /// Where the questions go.
    private var keyspace: any Keyspace
    private let lister: Lister
    private let names: KeyNames
    private let prefix: Bytes?

    /// What SCAN has answered already from where the one server's lane is.
    private var scanned: Replies?

    private let limits: LiveLimits

    /// Under a cap on the rate a page is a second's work at most: questions come no faster than the work, and what is done is
    /// kept as often.
    private var pageSize: Int {
        let rate = limits.current.keysPerSecond
        return rate > 0 ? min(lister.largestPage, max(10, rate)) : lister.largestPage
    }

    /// How many pages may be handled as one. Under a cap on the rate each by itself, so that what is done is kept as often; and
    /// in a cluster, where names are in an order of their own on every node.
    var mostPagesMixed: Int {
        keyspace.isCluster || limits.current.keysPerSecond > 0 ? 1 : lister.mostPagesMixed
    }

    /// A reader at the start of all masters, for names with a prefix or for all.
    init(_ lister: Lister, of lanes: [Lane], prefix: Bytes?, context: MigrationContext) {
        self.lister = lister
        self.lanes = lanes
        self.prefix = prefix
        keyspace = context.keyspace
        names = context.names
        limits = context.liveLimits
    }

    /// Whether there is no page left.
    var isDone: Bool { lanes.allSatisfy(\.isDone) }

    /// Goes on where a checkpoint says. A cursor belongs to one server process; a server that has none begins at the start.
    mutating func resume(_ checkpoint: Checkpoint) {
        #if SEEDED_BUGS
            if SeededBug.isOn(.cursorKept), let kept = checkpoint.cursors.values.first { lanes[0].cursor = Bytes(kept) }
        #endif
        for index in lanes.indices {
            guard let cursor = checkpoint.cursors[lanes[index].runID] else { continue }
            if cursor == Checkpoint.end { lanes[index].isDone = true }
            if UInt64(cursor) != nil { lanes[index].cursor = Bytes(cursor) }
        }
    }

    /// The same reader, asking the one server over another connection: what is listed ahead does not wait for the work.
    func asking(over connection: RedisConnection) -> PageReader {
        var copy = self
        copy.keyspace = connection
        copy.lanes = lanes.map { $0.by(connection.masters()[0]) }
        return copy
    }

    /// The next page, and the reader behind it; nil at the end.
    func next() async throws -> (page: WalkPage<Lister.Item>, reader: PageReader)? {
        guard !isDone else { return nil }
        var behind = self
        let names = try await behind.scan()
        let along = behind.scanAlong()
        let listing = try await lister.list(names, on: along ?? keyspace)
        behind.scanned = along?.replies
        let bytes = names.reduce(0) { $0 + $1.count }
        return (WalkPage(listing: listing, cursors: behind.cursors, nameBytes: bytes), behind)
    }

    /// The keyspace with the next page's SCAN to go along with the first questions about this one; nil in a cluster, at the
    /// end, and under a cap on the rate, where there is time.
    private func scanAlong() -> RequestAlong? {
        guard let connection = keyspace as? RedisConnection, lanes.count == 1, !isDone,
            limits.current.keysPerSecond == 0
        else { return nil }
        return RequestAlong(question(from: lanes[0].cursor), on: connection)
    }

    private var cursors: [String: String] {
        var cursors: [String: String] = [:]
        for lane in lanes {
            cursors[lane.runID] = lane.isDone ? Checkpoint.end : String(decoding: lane.cursor, as: UTF8.self)
        }
        return cursors
    }

    private mutating func scan() async throws -> [Bytes] {
        let asked = lanes.indices.filter { !lanes[$0].isDone }
        var pages = [Replies?](repeating: nil, count: lanes.count)
        defer { scanned = nil }
        if asked.count == 1 {
            if let scanned {
                pages[asked[0]] = scanned
            } else {
                pages[asked[0]] = try await lanes[asked[0]].master.connection.pipeline(
                    question(from: lanes[asked[0]].cursor)
                )
            }
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
        seen.reserveCapacity(asked.count * pageSize)
        var names: [Bytes] = []
        names.reserveCapacity(asked.count * pageSize)
        for index in asked {
            guard let reply = pages[index]?[0] else { continue }
            let page = try ScanPage(reply)
            lanes[index].cursor = page.cursor
            lanes[index].isDone = page.isLast
            if !page.isLast { try lanes[index].bound.goOn(behind: pageSize, of: "SCAN", "keys") }
            // A node may still hold keys of a slot that it lost: they are nobody's.
            let master = lanes[index].master
            for element in page.names.elements {
                guard let name = element.bytes, !self.names.isBookkeeping(name), master.owns(name),
                    seen.insert(KeyName(name)).inserted
                else { continue }
                names.append(name)
            }
        }
        return names
    }

    private func question(from cursor: Bytes) -> CommandBuffer {
        var arguments = [cursor]
        if let prefix { arguments += [Bytes("MATCH"), Glob.matching(prefix: prefix)] }
        arguments += [Bytes("COUNT"), Bytes(decimal: pageSize)]
        var commands = CommandBuffer()
        commands.append("SCAN", arguments)
        return commands
    }
}
