import Glibc

/// One connection to one server, alive from its greeting to its first failure.
///
/// Requests are answered in order, one pipeline at a time. After any failure of the stream the connection is closed and
/// every later call fails with `disconnected`: whoever needs another one opens it and looks again, since a reply that
/// did not come may belong to a command that still takes effect.
public actor RedisConnection {
    /// How the connection was made.
    public nonisolated let options: ConnectionOptions
    /// The number that CLIENT LIST knows it by.
    public private(set) var id: Int64 = 0

    private let thread: ConnectionThread
    private let parser: ReplyParser
    private var readBuffer = Bytes(repeating: 0, count: 1 << 16)
    private var transport: any Transport
    private var ended: RedisError?

    /// Runs on the connection's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Connects, authenticates, selects the database and names the connection.
    ///
    /// Errors: `unreachable`, `timedOut`, `disconnected`, and the server's own; nothing else was executed.
    public static func open(_ options: ConnectionOptions) async throws -> RedisConnection {
        let thread = try ConnectionThread()
        let connector = Connector(thread: thread)
        let transport = try await connector.connect(options)
        let connection = try RedisConnection(options: options, thread: thread, transport: transport)
        try await connection.greet()
        return connection
    }

    private init(options: ConnectionOptions, thread: ConnectionThread, transport: any Transport) throws {
        self.options = options
        self.thread = thread
        self.transport = transport
        self.parser = try ReplyParser(limits: options.limits)
    }

    /// Whether a failure or `close` has ended it.
    public var isClosed: Bool { ended != nil }

    /// Sends a pipeline and returns its replies in order; an error reply is a reply, not a failure.
    ///
    /// Errors: `timedOut`, `disconnected` and `protocolViolation`, each with the outcome of the commands whose replies
    /// are missing; afterwards the connection is closed.
    public func pipeline(_ commands: CommandBuffer, timeout: Duration? = nil) throws -> Replies {
        if let ended {
            throw RedisError(.disconnected, ended.message, outcome: .notExecuted)
        }
        guard !commands.isEmpty else { return parser.take() }
        do {
            try exchange(commands, deadline: Deadline(after: timeout ?? options.commandTimeout))
            return parser.take()
        } catch {
            throw end(error)
        }
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

    /// Closes the connection; a second call does nothing.
    public func close() {
        guard ended == nil else { return }
        _ = end(RedisError(.disconnected, "The connection was closed by this program.", outcome: .notExecuted))
    }

    private func greet() throws {
        var commands = CommandBuffer()
        if let password = options.password {
            if let username = options.username {
                commands.append("AUTH", username, password)
            } else {
                commands.append("AUTH", password)
            }
        }
        if options.database != 0 { commands.append("SELECT", String(options.database)) }
        let required = commands.count
        commands.append("CLIENT", "SETNAME", options.clientName)
        commands.append("CLIENT", "ID")
        // A server that lets nobody in says so to any command: the first reply is looked at in every case.
        do {
            let replies = try pipeline(commands, timeout: options.connectTimeout)
            for index in 0..<required { _ = try replies[index].unlessError() }
            if let error = replies[required].error, error.serverCode != "NOPERM", error.serverCode != "LOADING" {
                throw error
            }
            id = replies[required + 1].integer ?? 0
        } catch var error as RedisError {
            close()
            error.outcome = .notExecuted
            throw error
        }
    }

    private func exchange(_ commands: CommandBuffer, deadline: Deadline) throws {
        try commands.bytes.withUnsafeBytes { request in
            var sent = 0
            var wants = Int16(POLLOUT)
            while sent < request.count || parser.count < commands.count {
                if sent < request.count {
                    switch try transport.write(UnsafeRawBufferPointer(rebasing: request[sent...])) {
                    case .moved(let count): sent += count
                    case .wantsWrite: wants = Int16(POLLOUT | POLLIN)
                    case .wantsRead: wants = Int16(POLLIN)
                    case .closed: throw lost(commands, sent: sent)
                    }
                }
                if sent == request.count { wants = Int16(POLLIN) }
                // Replies are read while the request is still being written, or both sides would wait for ever.
                try receive(commands, sent: sent)
                guard sent < request.count || parser.count < commands.count else { return }
                try wait(for: wants, deadline: deadline, commands: commands, sent: sent)
            }
        }
        guard parser.count == commands.count else {
            throw RedisError(
                .protocolViolation,
                "The server sent more replies than there were commands.",
                outcome: .unknown
            )
        }
    }

    private func receive(_ commands: CommandBuffer, sent: Int) throws {
        while parser.count < commands.count {
            let result = try readBuffer.withUnsafeMutableBytes { try transport.read(into: $0) }
            switch result {
            case .moved(let count):
                try readBuffer.withUnsafeBytes { try parser.feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            case .wantsRead, .wantsWrite:
                return
            case .closed:
                throw lost(commands, sent: sent)
            }
        }
    }

    private func wait(for events: Int16, deadline: Deadline, commands: CommandBuffer, sent: Int) throws {
        var waiting = pollfd(fd: transport.descriptor, events: events, revents: 0)
        while true {
            let ready = poll(&waiting, 1, deadline.pollMilliseconds)
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else {
                throw RedisError(.disconnected, "Waiting for the server failed.", outcome: outcome(sent: sent))
            }
            if deadline.hasPassed {
                throw RedisError(
                    .timedOut,
                    "No answer from \(options.endpoint) within the time allowed (\(parser.count) of \(commands.count) "
                        + "replies came).",
                    outcome: outcome(sent: sent)
                )
            }
        }
    }

    private func lost(_ commands: CommandBuffer, sent: Int) -> RedisError {
        RedisError(
            .disconnected,
            "The connection to \(options.endpoint) was lost (\(parser.count) of \(commands.count) replies came).",
            outcome: outcome(sent: sent)
        )
    }

    /// A command of which the server has not got a byte cannot run.
    private func outcome(sent: Int) -> RedisError.Outcome {
        sent == 0 ? .notExecuted : .unknown
    }

    private func end(_ error: any Error) -> any Error {
        let failure =
            error as? RedisError ?? RedisError(.disconnected, "The connection failed: \(error).", outcome: .unknown)
        ended = failure
        transport = ClosedTransport()
        return failure
    }
}

/// Connects on the thread that the connection will have, so that name resolution blocks nobody else.
private actor Connector {
    private let thread: ConnectionThread

    init(thread: ConnectionThread) {
        self.thread = thread
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    func connect(_ options: ConnectionOptions) throws -> any Transport {
        try SocketTransport.connect(to: options.endpoint, deadline: Deadline(after: options.connectTimeout))
    }
}
