/// One connection to one server, alive from its greeting to its first failure.
///
/// Requests are answered in order, one pipeline at a time. After any failure of the stream the connection is closed and
/// every later call fails with `disconnected`: whoever needs another one opens it and looks again, since a reply that
/// did not come may belong to a command that still takes effect.
///
/// A call blocks the connection's own thread, never the caller's, until its deadline at the latest. Neither cancelling
/// the task nor `close` shortens that: what was sent cannot be taken back. Everything else that is asked of the
/// connection waits behind it.
public actor RedisConnection {
    /// How the connection was made; its endpoint is the server's, also where sentinels have named it.
    public nonisolated let options: ConnectionOptions
    /// The number that CLIENT LIST knows it by; 0 when the server does not let us ask.
    public private(set) var id: Int64 = 0
    /// Whether it sent a password to a server that asks for none. Such a server lets in everybody who reaches it.
    public private(set) var hasSurplusPassword = false

    private let thread: ConnectionThread
    private var state = State.ended("It was never connected.")

    private enum State {
        /// The stream is whole: every command sent has had its reply.
        case open(Link)
        /// It is not, or was closed, for this reason; for ever. Socket and buffers are gone.
        case ended(String)
    }

    /// Runs on the connection's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// The connection's own thread, for a task that does little else than ask it: then none changes threads for that. It
    /// lasts as long as the connection is referred to.
    public nonisolated var executor: any TaskExecutor { thread }

    /// Connects, authenticates, selects the database and names the connection.
    ///
    /// Errors: `unreachable`, `timedOut`, `disconnected`, `protocolViolation` and `unexpectedReply` when it is no Redis
    /// server that answers, and the server's own (`NOAUTH`, `WRONGPASS`, `MAXCLIENTS` …); with TLS also `untrusted`,
    /// `notYetValid`, `clientCertificate`, `encryption` and `misconfigured`; nothing else was executed.
    ///
    /// With sentinels it is the master that they name at this moment.
    public static func open(_ options: ConnectionOptions) async throws -> RedisConnection {
        if let sentinels = options.sentinels { return try await openMaster(of: sentinels, options) }
        return try await open(at: options)
    }

    /// Connects to the endpoint, whoever named it. The connection's own options get another time to connect if one is
    /// given: what remained for this attempt is not what the next one may take.
    static func open(at options: ConnectionOptions, patience: Duration? = nil) async throws -> RedisConnection {
        let deadline = options.connectTimeout
        var options = options
        options.connectTimeout = patience ?? deadline
        let connection = RedisConnection(options, on: try ConnectionThread(name: options.clientName))
        do {
            // One job from the address to the greeting: a busy pool between them would cost time of the deadline.
            try await connection.connect(within: deadline)
        } catch {
            throw options.placed(error)
        }
        return connection
    }

    private init(_ options: ConnectionOptions, on thread: ConnectionThread) {
        self.options = options
        self.thread = thread
    }

    /// Whether a failure, `close`, or a peer that hung up while nothing was asked has ended it.
    ///
    /// Servers and proxies close connections that rest; whoever asks here before the next request opens another one, and
    /// nothing is lost. A peer that went away without a word is noticed at the next call.
    public var isClosed: Bool {
        switch state {
        case .ended: return true
        case .open(let link):
            guard link.hasPeerHungUp else { return false }
            state = .ended(link.loss.message)
            return true
        }
    }

    /// Sends a pipeline and returns its replies in order; an error reply is a reply, not a failure.
    ///
    /// Without a time-out of its own the one of the options counts, for all replies together. Errors: `timedOut`,
    /// `disconnected` and `protocolViolation`, each with the outcome of the commands whose replies are missing, and
    /// `server` when the server gave a reason before it hung up; afterwards the connection is closed. It is closed also
    /// when a server answers READONLY, since another one is the master then.
    public func pipeline(_ commands: CommandBuffer, timeout: Duration? = nil) throws -> Replies {
        try exchange(commands, by: Deadline(after: timeout ?? options.commandTimeout))
    }

    /// Runs a function on the connection's own thread: a chain of requests without a change of threads between them.
    /// Whatever else is asked of the connection waits until it returns.
    public func perform<Result: Sendable>(
        _ body: @Sendable (isolated RedisConnection) throws -> Result
    ) rethrows -> Result {
        try body(self)
    }

    /// Sends one command of texts and returns its reply, or throws the error it stands for.
    public func send(_ words: String...) throws -> Reply {
        var commands = CommandBuffer()
        commands.append(words: words)
        return try pipeline(commands)[0].unlessError()
    }

    /// Sends one command and returns its reply, or throws the error it stands for.
    public func send(_ name: StaticString, _ arguments: Bytes...) throws -> Reply {
        var commands = CommandBuffer()
        commands.append(name, arguments)
        return try pipeline(commands)[0].unlessError()
    }

    /// Subscribes to a channel: from then on the connection takes nothing but `pushed`.
    func subscribe(to channel: Bytes) throws -> (replies: Replies, ending: @Sendable () -> Void) {
        var commands = CommandBuffer()
        commands.append("SUBSCRIBE", channel)
        let deadline = Deadline(after: options.commandTimeout)
        return try onLink { (try $0.subscribe(commands, deadline: deadline), $0.ending) }
    }

    /// What the server has said by itself, or nothing when nothing came within the time.
    func pushed(within time: Duration) throws -> Replies {
        try onLink { try $0.pushed(by: Deadline(after: time)) }
    }

    /// Asks a server that speaks by itself for a sign of life, and returns what it has said until that came.
    ///
    /// Errors: `timedOut` when it gives none, `disconnected`, `protocolViolation`.
    func proof() throws -> Replies {
        var commands = CommandBuffer()
        commands.append("PING")
        let deadline = Deadline(after: options.commandTimeout)
        return try onLink { link in
            try link.tell(commands, by: deadline)
            var said: [Reply] = []
            while true {
                let replies = try link.pushed(by: deadline)
                if replies.isEmpty { throw link.silence }
                said += replies
                // To a client that has subscribed a PONG comes as a message does.
                if replies.contains(where: { $0.element(at: 0)?.equals(Bytes("pong")) ?? false }) {
                    return Replies(gathered: said)
                }
            }
        }
    }

    /// Closes the connection; a second call does nothing.
    public func close() {
        close(because: "The connection was closed by this program.")
    }

    /// Closes the connection for a reason that later calls are told.
    func close(because why: String) {
        guard !isClosed else { return }
        state = .ended(why)
    }

    /// Connects once more to the same endpoint after a failure; does nothing if it is not closed.
    ///
    /// Whoever calls it finds out whether that is the same server, and whether what was under way took effect; and knows that
    /// nobody else relies on what the connection watched.
    /// Errors: those of `open`; then it stays closed.
    public func reopen() throws -> [LostConnection] {
        guard isClosed else { return [] }
        let lost = LostConnection(id: id, successor: self)
        try connect(within: options.connectTimeout)
        return [lost]
    }

    private func connect(within time: Duration) throws {
        let deadline = Deadline(after: time)
        let transport: any Transport =
            if let tls = options.tls {
                try TLSTransport.connect(to: options.endpoint, options: tls, deadline: deadline)
            } else {
                try SocketTransport.connect(to: options.endpoint, deadline: deadline)
            }
        state = .open(try Link(endpoint: options.endpoint, transport: transport, limits: options.limits))
        do {
            try greet(by: deadline)
        } catch {
            close()
            throw error
        }
    }

    /// A password that was changed here and there while we greeted is not wrong for long: one that is new is tried.
    private func greet(by deadline: Deadline) throws {
        let password = try options.password.read()
        do {
            try greet(with: password, by: deadline)
        } catch let error as RedisError where error.serverCode == "WRONGPASS" {
            let changed = try options.password.read()
            guard changed != password else { throw error }
            try greet(with: changed, by: deadline)
        }
    }

    private func greet(with password: String?, by deadline: Deadline) throws {
        let greeting = Greeting(options, password: password)
        do {
            let replies = try exchange(greeting.commands, by: deadline)
            id = try greeting.check(replies)
            hasSurplusPassword = greeting.isSurplusPassword(replies)
            if hasSurplusPassword { options.onSurplusPassword?() }
        } catch {
            throw greeting.refusal(error)
        }
    }

    private func exchange(_ commands: CommandBuffer, by deadline: Deadline) throws -> Replies {
        let replies = try onLink { try commands.isEmpty ? Replies() : $0.exchange(commands, deadline: deadline) }
        // A master that was demoted: the name, or a sentinel, leads to another server by now.
        if replies.firstError(in: replies.indices, where: { $0.serverCode == "READONLY" }) != nil {
            state = .ended("\(options.endpoint) is a replica. Point redis.host at the master.")
        }
        return replies
    }

    /// Uses the stream, which is over after any failure.
    private func onLink<Result>(_ body: (Link) throws -> Result) throws -> Result {
        switch state {
        case .ended(let why):
            throw options.placed(RedisError(.disconnected, why, outcome: .notExecuted))
        case .open(let link):
            do {
                return try body(link)
            } catch {
                state = .ended((error as? RedisError)?.message ?? "The connection failed.")
                throw options.placed(error)
            }
        }
    }
}
