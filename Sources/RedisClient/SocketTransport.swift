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

    /// Connects, trying each address that the name resolves to until one answers or the deadline passes.
    ///
    /// Errors: `unreachable`, `timedOut`; nothing was sent.
    static func connect(
        to endpoint: Endpoint,
        deadline: Deadline,
        resolver: HostResolver = HostResolver()
    ) throws -> SocketTransport {
        switch endpoint {
        case .unix(let path):
            return try connect(to: SocketAddress(unix: path), name: endpoint, deadline: deadline)
        case .tcp(let host, let port):
            let addresses = try resolver.resolve(host: host, port: port, by: deadline)
            return try connect(toAnyOf: addresses, name: endpoint, deadline: deadline)
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

    /// Each address gets an equal part of the time left: one that swallows packets must not use up that of the next.
    private static func connect(
        toAnyOf addresses: [SocketAddress],
        name: Endpoint,
        deadline: Deadline
    ) throws -> SocketTransport {
        var last = failure(.unreachable, "No connection to \(name)", EADDRNOTAVAIL)
        for (index, address) in addresses.enumerated() {
            do {
                let part = deadline.left / (addresses.count - index)
                return try connect(to: address, name: name, deadline: Deadline(after: part))
            } catch let error as RedisError {
                last = error
            }
        }
        throw last
    }

    private static func connect(
        to address: SocketAddress,
        name: Endpoint,
        deadline: Deadline
    ) throws -> SocketTransport {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw failure(.unreachable, "No socket could be opened", errno) }
        let transport = SocketTransport(descriptor: descriptor)
        while address.connect(descriptor) != 0 {
            switch errno {
            case EINPROGRESS, EINTR:
                try waitUntilConnected(descriptor, name: name, deadline: deadline)
                setOptions(descriptor, family: address.family)
                return transport
            case EAGAIN where address.family == AF_UNIX:
                // A Unix socket whose queue is full says so at once, and cannot be polled for it (connect(2)).
                guard !deadline.hasPassed else { throw late(name) }
                poll(nil, 0, min(10, deadline.pollMilliseconds))
            default:
                throw failure(.unreachable, "No connection to \(name)", errno)
            }
        }
        setOptions(descriptor, family: address.family)
        return transport
    }

    private static func waitUntilConnected(_ descriptor: Int32, name: Endpoint, deadline: Deadline) throws {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let ready = poll(&waiting, 1, deadline.pollMilliseconds)
            if ready > 0 { break }
            guard ready == 0 || errno == EINTR else { throw failure(.unreachable, "No connection to \(name)", errno) }
            if deadline.hasPassed { throw late(name) }
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else {
            throw failure(.unreachable, "No connection to \(name)", code)
        }
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
    }

    private static func late(_ name: Endpoint) -> RedisError {
        RedisError(.timedOut, "No connection to \(name) within the time allowed.", outcome: .notExecuted)
    }

    private static func failure(_ code: RedisError.Code, _ what: String, _ number: Int32) -> RedisError {
        RedisError(
            code,
            "\(what): \(String(cString: strerror(number))).",
            outcome: code == .unreachable ? .notExecuted : .unknown
        )
    }
}
