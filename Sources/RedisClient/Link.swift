import Glibc

/// A transport and the parser of what comes out of it: one connection's bytes, below its commands.
///
/// Never used again after it has thrown: a reply that is still to come would be taken for the next command's.
final class Link {
    private let endpoint: Endpoint
    private let transport: any Transport
    private let parser: ReplyParser
    private let usual: Int?
    // Used by the connection's thread only, in calls that do not nest.
    @exclusivity(unchecked) private var readBuffer = Bytes(repeating: 0, count: 1 << 16)
    @exclusivity(unchecked) private var isFresh = true

    /// What is asked besides what a pipeline announces: locks, epochs, headers.
    private static let besides = 2 << 20
    /// How many buffers are read before the deadline is looked at again.
    private static let readsPerRound = 16

    init(endpoint: Endpoint, transport: any Transport, limits: ReplyLimits) throws {
        self.endpoint = endpoint
        self.transport = transport
        usual = limits.usual
        parser = try ReplyParser(limits: limits)
    }

    /// Sends a pipeline that is not empty, and returns as many replies as it has commands.
    ///
    /// Errors: `timedOut`, `disconnected`, `protocolViolation`, `replyTooLarge`, and `server` for the last word of a server that hangs up.
    func exchange(_ commands: CommandBuffer, deadline: Deadline) throws -> Replies {
        var sent = 0
        do {
            if !isFresh { try checkIdle() }
            isFresh = false
            parser.expect(commands.replyBytes.map { $0 + Self.besides } ?? usual)
            try commands.withUnsafeBytes { request in
                try move(request, sent: &sent, expecting: commands.count, by: deadline)
            }
            guard parser.isBetweenReplies, parser.count == commands.count else { throw surplus() }
            return parser.take()
        } catch var error as RedisError {
            // A command of which the server has not got a byte cannot run; any other one may.
            error.outcome = sent == 0 ? .notExecuted : .unknown
            throw error
        }
    }

    /// Sends commands that make the server speak by itself from then on; returns their replies, and what followed at once.
    ///
    /// Errors: those of `exchange`.
    func subscribe(_ commands: CommandBuffer, deadline: Deadline) throws -> Replies {
        var sent = 0
        isFresh = false
        try commands.withUnsafeBytes { request in
            try move(request, sent: &sent, expecting: commands.count, by: deadline)
        }
        return try parser.isBetweenReplies ? parser.take() : pushed(by: deadline)
    }

    /// What the server has said by itself since the last call; waits for it, and returns nothing when nothing came in time.
    ///
    /// Errors: `timedOut` in the middle of a message, `disconnected`, `protocolViolation`.
    func pushed(by deadline: Deadline) throws -> Replies {
        while true {
            let incoming = try receive(parser.count + 1)
            if parser.count > 0, parser.isBetweenReplies { return parser.take() }
            if incoming == .ended { throw lost(expecting: 0) }
            if deadline.hasPassed {
                guard parser.isBetweenReplies else { throw late(expecting: 1) }
                return Replies()
            }
            if case .waits(let events) = incoming { try wait(for: events, by: deadline) }
        }
    }

    /// Sends commands whose replies come among what the server says by itself.
    ///
    /// Errors: `timedOut`, `disconnected`.
    func tell(_ commands: CommandBuffer, by deadline: Deadline) throws {
        var sent = 0
        try commands.withUnsafeBytes { request in
            while true {
                let outgoing = try send(request, sent: &sent)
                if sent == request.count { return }
                if outgoing == .ended { throw lost(expecting: 0) }
                if deadline.hasPassed { throw late(expecting: commands.count) }
                try wait(for: outgoing.events, by: deadline)
            }
        }
    }

    /// Whether the peer hung up while nothing was asked of it, as servers and proxies do with clients that rest.
    ///
    /// The kernel is asked, and nothing is read: with TLS, and with a server that speaks by itself, there may be more to
    /// read before the end.
    var hasPeerHungUp: Bool {
        var state = pollfd(fd: transport.descriptor, events: Self.hungUp, revents: 0)
        return poll(&state, 1, 0) > 0
    }

    /// POLLRDHUP, which Glibc does not show to Swift; with it come POLLHUP and POLLERR, unasked (poll(2)).
    private static let hungUp = Int16(0x2000)

    /// The failure of a peer that gives no sign of life.
    var silence: RedisError { late(expecting: 1) }

    /// The connection's end where the peer has hung up.
    var loss: RedisError { lost(expecting: 0) }

    /// Makes whoever waits here notice the end of the stream, from any thread.
    var ending: @Sendable () -> Void {
        let transport = transport
        // The transport closes with its last reference, so that this is never another's descriptor.
        return { _ = shutdown(transport.descriptor, Int32(SHUT_RDWR)) }
    }

    /// Whatever came since the last pipeline belongs to no command: taken for a reply it would shift all later ones.
    ///
    /// A connection that was closed meanwhile is noticed here, before anything is sent whose outcome would be unknown.
    private func checkIdle() throws {
        switch try read() {
        case .moved: throw surplus()
        case .closed: throw lost(expecting: 0)
        case .wantsRead, .wantsWrite: return
        }
    }

    /// Writes and reads in turn until all is sent and answered.
    ///
    /// Replies are read while the request is still being written, or both sides would wait for ever; and the deadline
    /// is looked at in every round, since a peer that always has one more byte would never let poll time out.
    private func move(
        _ request: UnsafeRawBufferPointer,
        sent: inout Int,
        expecting expected: Int,
        by deadline: Deadline
    ) throws {
        while true {
            let outgoing = try send(request, sent: &sent)
            let incoming = try receive(expected)
            if parser.count >= expected {
                guard sent == request.count else { throw parting() ?? surplus() }
                return
            }
            if incoming == .ended || outgoing == .ended && incoming != .more { throw lost(expecting: expected) }
            if deadline.hasPassed { throw late(expecting: expected) }
            if case .waits(let read) = incoming { try wait(for: read | outgoing.events, by: deadline) }
        }
    }

    private func send(_ request: UnsafeRawBufferPointer, sent: inout Int) throws -> Progress {
        guard sent < request.count else { return .waits(0) }
        switch try transport.write(UnsafeRawBufferPointer(rebasing: request[sent...])) {
        case .moved(let count):
            sent += count
            return .waits(sent < request.count ? Int16(POLLOUT) : 0)
        case .wantsWrite: return .waits(Int16(POLLOUT))
        case .wantsRead: return .waits(Int16(POLLIN))
        // What the peer said before it closed is still to be read.
        case .closed: return .ended
        }
    }

    private func receive(_ expected: Int) throws -> Progress {
        for _ in 0..<Self.readsPerRound where parser.count < expected {
            switch try read() {
            case .moved(let count):
                if parser.isBetweenReplies, Self.isTLS(readBuffer[..<count]) { throw encrypted() }
                try readBuffer.withUnsafeBytes { try parser.feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            case .wantsRead: return .waits(Int16(POLLIN))
            // TLS; what comes in wakes it as well.
            case .wantsWrite: return .waits(Int16(POLLIN | POLLOUT))
            case .closed: return .ended
            }
        }
        return .more
    }

    private func read() throws -> TransportResult {
        try readBuffer.withUnsafeMutableBytes { try transport.read(into: $0) }
    }

    /// Returns when something can move, when the deadline has passed, or when a signal came.
    private func wait(for events: Int16, by deadline: Deadline) throws {
        var waiting = pollfd(fd: transport.descriptor, events: events, revents: 0)
        guard poll(&waiting, 1, deadline.pollMilliseconds) >= 0 || errno == EINTR else {
            throw RedisError(.disconnected, "Waiting for \(endpoint) failed (\(errno)).", outcome: .unknown)
        }
    }

    private func late(expecting expected: Int) -> RedisError {
        var error = RedisError(
            .timedOut,
            "No answer from \(endpoint) within the time allowed (\(parser.count) of \(expected) replies came).",
            outcome: .unknown
        )
        error.isUnanswered = hasNothing
        return error
    }

    private func lost(expecting expected: Int) -> RedisError {
        let came = expected == 0 ? "" : " (\(parser.count) of \(expected) replies came)"
        var error = RedisError(.disconnected, "The connection to \(endpoint) was lost\(came).", outcome: .unknown)
        error.isUnanswered = hasNothing
        return parting() ?? error
    }

    /// Whether not a byte of a reply has come.
    private var hasNothing: Bool { parser.count == 0 && parser.isBetweenReplies }

    /// Whether bytes are a TLS record's: an alert or a handshake, of any version (RFC 8446, section 5.1).
    private static func isTLS(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count >= 3 && (21...22).contains(bytes[bytes.startIndex]) && bytes[bytes.startIndex + 1] == 3
    }

    private func encrypted() -> RedisError {
        RedisError(
            .encryption,
            "\(endpoint) answers in TLS, and this connection is not encrypted. Turn TLS on.",
            outcome: .unknown
        )
    }

    private func surplus() -> RedisError {
        RedisError(
            .protocolViolation,
            "\(endpoint) sent more than the replies to what it was asked; is this address a Redis server?",
            outcome: .unknown
        )
    }

    /// The last word of a server that hangs up: no reply to a command, but the reason.
    ///
    /// Redis says so in three cases: too many clients, protected mode, and a request that breaks its limits
    /// (https://redis.io/docs/latest/develop/reference/clients/).
    private func parting() -> RedisError? {
        guard let last = parser.take().last?.error else { return nil }
        let isParting =
            ["MAXCLIENTS", "DENIED"].contains(last.serverCode) || last.message.hasPrefix("ERR Protocol error")
        return isParting ? last : nil
    }

    /// What became of one direction in one round.
    private enum Progress: Equatable {
        /// Nothing moves until poll reports one of these events.
        case waits(Int16)
        /// There may be more at once.
        case more
        /// The peer has closed it.
        case ended

        /// What to ask poll for.
        var events: Int16 {
            if case .waits(let events) = self { events } else { 0 }
        }
    }
}
