import Glibc

/// A connected TCP or Unix socket in non-blocking mode.
final class SocketTransport: Transport {
    let descriptor: Int32

    /// Takes over a non-blocking descriptor.
    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        _ = Glibc.close(descriptor)
    }

    /// Connects to the address that answers first of those that the name resolves to; the one that worked before is
    /// tried first.
    ///
    /// Errors: `unreachable`, `timedOut`; nothing was sent.
    static func connect(
        to endpoint: Endpoint,
        deadline: Deadline,
        resolver: HostResolver = HostResolver(),
        memory: AddressMemory = .shared
    ) throws -> SocketTransport {
        switch endpoint {
        case .unix(let path):
            return try connect(toUnix: SocketAddress(unix: path), name: endpoint, deadline: deadline)
        case .tcp(let host, let port):
            let addresses = try resolver.resolve(host: host, port: port, by: deadline)
            var race = ConnectionRace(to: endpoint, deadline: deadline)
            let (transport, address) = try race.run(memory.ordered(addresses, of: endpoint))
            memory.note(address, of: endpoint)
            setOptions(transport.descriptor, family: address.family)
            return transport
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> TransportResult {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .moved(count) }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wantsRead
            case ECONNRESET, ETIMEDOUT, EPIPE, EHOSTUNREACH, ENETUNREACH, ECONNABORTED: return .closed
            default: throw Self.failure(.disconnected, "Reading from the server failed", errno)
            }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws -> TransportResult {
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count > 0 { return .moved(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wantsWrite
            case ECONNRESET, ETIMEDOUT, EPIPE, EHOSTUNREACH, ENETUNREACH, ECONNABORTED: return .closed
            default: throw Self.failure(.disconnected, "Writing to the server failed", errno)
            }
        }
    }

    /// Begins to connect, and tells whether that is done at once.
    ///
    /// Errors: `unreachable`.
    static func begin(
        _ address: SocketAddress,
        name: Endpoint
    ) throws(RedisError) -> (transport: SocketTransport, isConnected: Bool) {
        let transport = try open(address)
        if address.connect(transport.descriptor) == 0 { return (transport, true) }
        guard errno == EINPROGRESS || errno == EINTR else {
            throw failure(.unreachable, "No connection to \(name)", errno)
        }
        return (transport, false)
    }

    /// Why an attempt that has ended failed; 0 when it did not.
    var connectError: Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    private static func open(_ address: SocketAddress) throws(RedisError) -> SocketTransport {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw failure(.unreachable, "No socket could be opened", errno) }
        return SocketTransport(descriptor: descriptor)
    }

    /// A Unix socket whose queue is full says so at once, and cannot be polled for it (connect(2)).
    private static func connect(
        toUnix address: SocketAddress,
        name: Endpoint,
        deadline: Deadline
    ) throws -> SocketTransport {
        let transport = try open(address)
        while address.connect(transport.descriptor) != 0 {
            switch errno {
            case EINTR: continue
            case EAGAIN:
                guard !deadline.hasPassed else { throw late(name) }
                poll(nil, 0, min(10, deadline.pollMilliseconds))
            default:
                throw failure(.unreachable, "No connection to \(name)", errno)
            }
        }
        setOptions(transport.descriptor, family: address.family)
        return transport
    }

    /// How much of a request may lie before a server that is reached by a Unix socket, in bytes; the kernel takes it twice,
    /// for its own needs.
    ///
    /// A server takes what lies there in one turn, all others waiting: of a large pipeline it is to take a part. By TCP the
    /// same bound would make large values slow on long ways.
    private static let unixSendBuffer: Int32 = 8192

    /// Small requests must not wait for an acknowledgement, and a peer that vanished must be noticed when idle.
    private static func setOptions(_ descriptor: Int32, family: Int32) {
        guard family != AF_UNIX else {
            var bytes = unixSendBuffer
            _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
            return
        }
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, size)
        // The kernel's own time is two hours. Whatever forgets connections in between does so after minutes.
        for (option, var value) in keepAlive {
            _ = setsockopt(descriptor, Int32(IPPROTO_TCP), option, &value, size)
        }
    }

    /// The first probe after a minute of silence, four in a quarter of a minute each (tcp(7)).
    private static let keepAlive: [(Int32, Int32)] = [(TCP_KEEPIDLE, 60), (TCP_KEEPINTVL, 15), (TCP_KEEPCNT, 4)]

    static func late(_ name: Endpoint) -> RedisError {
        RedisError(.timedOut, "No connection to \(name) within the time allowed.", outcome: .notExecuted)
    }

    static func failure(_ code: RedisError.Code, _ what: String, _ number: Int32) -> RedisError {
        RedisError(
            code,
            "\(what): \(String(cString: strerror(number))).",
            outcome: code == .unreachable ? .notExecuted : .unknown
        )
    }
}
