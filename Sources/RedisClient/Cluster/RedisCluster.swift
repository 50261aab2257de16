/// The masters of a cluster, each by one connection; who they are is learnt anew whenever a node says so.
///
/// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
public actor RedisCluster: Keyspace {
    /// How the first node is reached, and who to be on all of them.
    public nonisolated let options: ConnectionOptions
    /// It is a cluster.
    public nonisolated var isCluster: Bool { true }
    /// Whether it was closed.
    public private(set) var isClosed = false

    private var map: SlotMap
    private var connections: [String: RedisConnection] = [:]
    /// The connections that were lost, the last of them.
    private var lost: [LostConnection] = []
    private static let mostLost = 100

    /// How often a read that was redirected is sent again, and how long it waits in between.
    private static let patience = (attempts: 6, pause: Duration.milliseconds(50))

    /// Connects to a node and learns who the masters are; those are connected when they are needed.
    ///
    /// Errors: those of a connection; `unsupportedServer` when the server is not part of a cluster.
    public static func open(_ options: ConnectionOptions) async throws -> RedisCluster {
        var options = options
        options.database = 0
        let seed = try await RedisConnection.open(options)
        let cluster: RedisCluster
        do {
            cluster = RedisCluster(options, map: try await learn(from: seed))
        } catch {
            await seed.close()
            throw error
        }
        await seed.close()
        return cluster
    }

    private init(_ options: ConnectionOptions, map: SlotMap) {
        self.options = options
        self.map = map
    }

    /// The connection to the master of a key's slot.
    public func connection(for key: Bytes) async throws -> RedisConnection {
        try await connection(to: owner(of: Slot(of: key)))
    }

    /// All masters that have slots, in the order of their ids.
    public func masters() async throws -> [KeyspaceMaster] {
        let map = map
        var masters: [KeyspaceMaster] = []
        for node in map.nodes {
            masters.append(KeyspaceMaster(try await connection(to: node), node: node, map: map))
        }
        return masters
    }

    /// Sends each run to the master of its slot, the nodes at once; runs that were redirected are sent again, and all of
    /// them when a node is lost.
    public func pipeline(_ commands: RoutedCommands) async throws -> Replies {
        let runs = commands.runs
        var replies = [[Reply]](repeating: [], count: runs.count)
        var waiting = Array(runs.indices)
        for attempt in 1...Self.patience.attempts {
            let answers: [Answer]
            do {
                answers = try await send(waiting.map { runs[$0] })
            } catch let error as RedisError where error.isConnectivity && attempt < 3 {
                // A master that is gone may have been replaced.
                try await refresh()
                continue
            }
            var again: [Int] = []
            var hasMoved = false
            for (index, answer) in zip(waiting, answers) {
                replies[index] = answer.replies
                guard let redirection = answer.redirection else { continue }
                if case .ask(let endpoint) = redirection, runs[index].commands.count == 1,
                    let reply = try? await ask(endpoint, runs[index].commands)
                {
                    replies[index] = [reply]
                    continue
                }
                hasMoved = true
                again.append(index)
            }
            guard hasMoved, attempt < Self.patience.attempts else { break }
            try await Task.sleep(for: Self.patience.pause * attempt)
            try await refresh()
            waiting = again
        }
        return Replies(gathered: replies.flatMap { $0 })
    }

    /// A connection of its own to the master of a key's slot.
    public func another(
        for key: Bytes,
        _ adjust: @Sendable (inout ConnectionOptions) -> Void
    ) async throws -> RedisConnection {
        var options = try options.following(owner(of: Slot(of: key)).endpoint)
        adjust(&options)
        return try await RedisConnection.open(options)
    }

    /// Asks the nodes that are known, one after the other, then the first address, until one answers.
    ///
    /// Errors: that of the last one.
    public func refresh() async throws {
        var last: (any Error)?
        for node in map.nodes {
            do {
                return replace(by: try await Self.learn(from: connection(to: node)))
            } catch {
                last = error
            }
        }
        do {
            let seed = try await RedisConnection.open(options)
            replace(by: try await Self.learn(from: seed))
            await seed.close()
        } catch {
            throw last ?? error
        }
    }

    /// Each node is connected when it is asked; these were connected once more since the last call.
    public func reopen() -> [LostConnection] {
        defer { lost = [] }
        return lost
    }

    /// Closes all connections.
    public func close() async {
        isClosed = true
        for connection in connections.values { await connection.close() }
        connections = [:]
    }

    // MARK: Nodes

    private func owner(of slot: Slot) throws -> SlotMap.Node {
        guard let node = map.owner(of: slot) else {
            throw RedisError(
                .server,
                "CLUSTERDOWN No node of the cluster has slot \(slot.number); \(map.uncovered) slots are not covered.",
                outcome: .notExecuted,
                serverCode: "CLUSTERDOWN"
            )
        }
        return node
    }

    private func connection(to node: SlotMap.Node) async throws -> RedisConnection {
        if isClosed {
            throw RedisError(.disconnected, "The cluster was closed by this program.", outcome: .notExecuted)
        }
        if let known = connections[node.id], known.options.endpoint == node.endpoint, await !known.isClosed {
            return known
        }
        let opened = try await RedisConnection.open(options.following(node.endpoint))
        // While it was being opened somebody else may have done the same.
        if let known = connections[node.id], known.options.endpoint == node.endpoint, await !known.isClosed {
            await opened.close()
            return known
        }
        if let known = connections[node.id], known.options.endpoint == node.endpoint {
            lost = lost.suffix(Self.mostLost - 1) + [LostConnection(id: await known.id, successor: opened)]
        }
        connections[node.id] = opened
        return opened
    }

    private func replace(by map: SlotMap) {
        self.map = map
        // A connection to a former master may still be in use where it is known; nobody gets it from here any more.
        let ids = Set(map.nodes.map(\.id))
        connections = connections.filter { ids.contains($0.key) }
    }

    private static func learn(from connection: RedisConnection) async throws -> SlotMap {
        do {
            return try SlotMap(try await connection.send("CLUSTER", "SLOTS"), askedAt: connection.options.endpoint)
        } catch let error as RedisError {
            // A user of one server has no right to ask for slots: INFO tells then that there are none to ask for.
            let isPlain =
                if error.message.contains("cluster support disabled") {
                    true
                } else if error.isPermission {
                    try await connection.send("INFO", "cluster").text?.contains("cluster_enabled:0") ?? false
                } else {
                    false
                }
            guard isPlain else { throw error }
            throw RedisError(
                .unsupportedServer,
                "The server at \(connection.options.endpoint) is not part of a cluster; unset REDIS_CLUSTER_ENABLED.",
                outcome: .notExecuted
            )
        }
    }

    // MARK: Sending

    private struct Answer {
        var replies: [Reply]
        var redirection: Redirection?
    }

    /// Sends runs to their nodes, the nodes at once; a node that cannot be reached fails all.
    private func send(_ runs: [RoutedCommands.Run]) async throws -> [Answer] {
        var perNode: [String: (connection: RedisConnection, commands: CommandBuffer, runs: [Int])] = [:]
        for (index, run) in runs.enumerated() {
            let node = try owner(of: run.slot)
            if perNode[node.id] == nil {
                perNode[node.id] = (try await connection(to: node), CommandBuffer(), [])
            }
            perNode[node.id]?.commands.append(contentsOf: run.commands)
            perNode[node.id]?.runs.append(index)
        }
        var answers = [Answer](repeating: Answer(replies: []), count: runs.count)
        try await withThrowingTaskGroup(of: (runs: [Int], replies: Replies, endpoint: Endpoint).self) { group in
            for part in perNode.values {
                group.addTask {
                    let replies = try await part.connection.pipeline(part.commands)
                    return (part.runs, replies, part.connection.options.endpoint)
                }
            }
            for try await part in group {
                var next = 0
                for index in part.runs {
                    let own = Array(part.replies[next..<(next + runs[index].commands.count)])
                    next += own.count
                    let redirection = own.lazy.compactMap(\.error)
                        .compactMap { Redirection($0, askedAt: part.endpoint) }.first
                    answers[index] = Answer(replies: own, redirection: redirection)
                }
            }
        }
        return answers
    }

    /// Asks the node that takes over a slot about a key that is already there.
    private func ask(_ endpoint: Endpoint, _ command: CommandBuffer) async throws -> Reply {
        let options = try options.following(endpoint)
        let known = map.nodes.first { $0.endpoint == endpoint }
        let connection: RedisConnection
        if let known {
            connection = try await self.connection(to: known)
        } else {
            connection = try await RedisConnection.open(options)
        }
        var commands = CommandBuffer()
        commands.append("ASKING")
        commands.append(contentsOf: command)
        let reply = try await connection.pipeline(commands)[1]
        if known == nil { await connection.close() }
        return try reply.unlessError()
    }
}
