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
    /// Whether the one server's connection is the reader's own, or nobody else uses it meanwhile: then it may be opened anew.
    /// What somebody else watches on it would be lost unseen.
    private var ownsConnection = true
    /// How many keys SCAN is asked for at most, where names are so long that its answers must be kept small; nil elsewhere.
    private var mostScanned: Int?

    /// What the names of one answer of SCAN may take where it can be asked for fewer, and where it cannot.
    private static var mostNameBytes: (usual: Int, ofOne: Int) { (1 << 20, 24 << 20) }

    /// How much longer pages are than usual.
    private var stretch = PageStretch(roundTrip: .zero)
    /// How long the last page took to be answered; nil where it came along with something else.
    private var took: Duration?

    /// Under a cap on the rate a page is a second's work at most: questions come no faster than the work, and what is done is
    /// kept as often.
    private var pageSize: Int {
        let rate = limits.current.keysPerSecond
        let size = rate > 0 ? min(lister.largestPage, max(10, rate)) : lister.largestPage * stretch.factor
        return min(size, mostScanned ?? size)
    }

    /// The same reader, over a way that takes so long.
    func over(_ roundTrip: Duration) -> PageReader {
        var copy = self
        copy.stretch = PageStretch(roundTrip: roundTrip)
        return copy
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
        copy.ownsConnection = true
        copy.keyspace = connection
        copy.lanes = lanes.map { $0.by(connection.masters()[0]) }
        return copy
    }

    /// The same reader, on the connection on which the work watches keys at the same time.
    var besideTheWork: PageReader {
        var copy = self
        copy.ownsConnection = false
        return copy
    }

    /// The next page, and the reader behind it; nil at the end.
    func next() async throws -> (page: WalkPage<Lister.Item>, reader: PageReader)? {
        guard !isDone else { return nil }
        var behind = self
        let names = try await behind.scanWithinBounds()
        let along = behind.scanAlong()
        let (listing, isAlongLost) = try await list(names, along: along)
        behind.scanned = isAlongLost ? nil : along?.replies
        if let took = behind.took {
            behind.stretch.note(
                took: took,
                related: names.count - listing.unrelated.count,
                usual: lister.largestPage,
                batchTime: limits.current.batchTime
            )
        }
        let bytes = names.reduce(0) { $0 + $1.count }
        return (WalkPage(listing: listing, cursors: behind.cursors, nameBytes: bytes), behind)
    }

    /// The keyspace with the next page's SCAN to go along with the first questions about this one; nil in a cluster, at the
    /// end, and under a cap on the rate, where there is time.
    private func scanAlong() -> RequestAlong? {
        guard let connection = keyspace as? RedisConnection, lanes.count == 1, !isDone,
            limits.current.keysPerSecond == 0, mostScanned == nil
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

    /// Scans, and asks for fewer keys where their names are too long for one answer, or for the server.
    ///
    /// Errors: `unsupported` where the names of as few keys as the server tells at once are too long.
    private mutating func scanWithinBounds() async throws -> [Bytes] {
        var failures = 0
        while true {
            do {
                let names = try await scan()
                if let most = mostScanned, names.reduce(0, { $0 + $1.count }) <= Self.mostNameBytes.usual / 8 {
                    mostScanned = most * 4 < lister.largestPage ? most * 4 : nil
                }
                return names
            } catch let error where KeyFault(error) != nil {
                guard try await isThere() else { throw error }
                if pageSize > 1 {
                    mostScanned = max(1, pageSize / 10)
                    continue
                }
                failures += 1
                guard failures >= KeyFault.attempts else { continue }
                throw MigrationError(
                    .unsupported,
                    "SCAN cannot go on: the name of the next key is too long for this program or for the server (\(error)). Find "
                        + "it with redis-cli, and remove it."
                )
            }
        }
    }

    /// Whether the masters are the same, and answer; connects to them once more where connections were lost.
    private func isThere() async throws -> Bool {
        guard ownsConnection || keyspace.isCluster else { return false }
        for lane in lanes {
            do {
                _ = try await lane.master.connection.reopen()
                let isSame = try await ServerInfo.read(from: lane.master.connection).identity.runID == lane.runID
                guard isSame else {
                    await lane.master.connection.close()
                    return false
                }
            } catch is RedisError {
                return false
            }
        }
        return true
    }

    /// Lists names, in one request's questions at a time, of a long page in parts, since others wait for the questions; also tells whether the request failed that went along.
    private func list(
        _ names: [Bytes],
        along: RequestAlong?
    ) async throws -> (listing: Listing<Lister.Item>, isAlongLost: Bool) {
        var rest = names[...]
        var all: Listing<Lister.Item>?
        var isAlongLost = false
        let most = names.count > 2 * lister.largestPage ? lister.largestPage : max(1, names.count)
        repeat {
            let part = Array(rest.prefix(most).prefix(NameBound.mostQuestionBytes, by: NameBound.questionBytes))
            rest = rest.dropFirst(part.count)
            var listing: Listing<Lister.Item>
            do {
                listing = try await lister.list(part, on: all == nil ? along ?? keyspace : keyspace)
            } catch let error where KeyFault(error) != nil {
                guard try await isThere() else { throw error }
                isAlongLost = isAlongLost || all == nil
                listing = try await listApart(part)
            }
            if all == nil { all = listing } else { all?.append(listing) }
        } while !rest.isEmpty
        return (all ?? Listing(), isAlongLost)
    }

    /// Lists names of which one may have ended the connection: by halves, down to the single name, which is held.
    private func listApart(_ names: [Bytes]) async throws -> Listing<Lister.Item> {
        var failures = 0
        while true {
            do {
                return try await lister.list(names, on: keyspace)
            } catch let error where KeyFault(error) != nil {
                guard let fault = KeyFault(error), try await isThere() else { throw error }
                failures += 1
                if names.count > 1 {
                    let half = names.count / 2
                    var listing = try await listApart(Array(names[..<half]))
                    listing.append(try await listApart(Array(names[half...])))
                    return listing
                }
                guard let name = names.first else { throw error }
                var listing = Listing<Lister.Item>()
                switch fault {
                case .tooLarge: listing.held = [.tooLarge(name)]
                case .refused where failures < KeyFault.attempts, .tooSlow where failures < KeyFault.attempts:
                    try await Task.sleep(for: KeyFault.pause(after: failures))
                    continue
                case .refused: listing.held = [HeldKey(name, reason: "refused")]
                case .tooSlow: listing.held = [HeldKey(name, reason: "tooSlow")]
                }
                return listing
            }
        }
    }

    private mutating func scan() async throws -> [Bytes] {
        let asked = lanes.indices.filter { !lanes[$0].isDone }
        var pages = [Replies?](repeating: nil, count: lanes.count)
        took = nil
        let began = ContinuousClock.now
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
        if scanned == nil { took = began.duration(to: .now) }
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
        commands.expect(replyBytes: pageSize > 1 ? Self.mostNameBytes.usual : Self.mostNameBytes.ofOne)
        commands.append("SCAN", arguments)
        return commands
    }
}
