import Glibc

/// A connected TCP or Unix socket in non-blocking mode.
final class SocketTransport: Transport {
    let descriptor: Int32

    /// Takes over a connected, non-blocking descriptor.
    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        _ = Glibc.close(descriptor)
    }

    /// Connects, trying each address that the name resolves to until one answers or the deadline passes.
    ///
    /// Errors: `unreachable`, `timedOut`; nothing was sent.
    static func connect(to endpoint: Endpoint, deadline: Deadline) throws -> SocketTransport {
        switch endpoint {
        case .unix(let path):
            return try connectUnix(path, deadline: deadline)
        case .tcp(let host, let port):
            return try connectTCP(host: host, port: port, deadline: deadline)
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

    private static func connectUnix(_ path: String, deadline: Deadline) throws -> SocketTransport {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = Array(path.utf8)
        guard bytes.count < capacity, !bytes.isEmpty, !bytes.contains(0) else {
            throw RedisError(
                .unreachable,
                "The socket path \(path) is empty, holds a NUL or is longer than \(capacity - 1) bytes.",
                outcome: .notExecuted
            )
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                try open(
                    family: AF_UNIX,
                    address: generic,
                    length: socklen_t(MemoryLayout<sockaddr_un>.size),
                    name: path,
                    deadline: deadline
                )
            }
        }
    }

    private static func connectTCP(host: String, port: Int, deadline: Deadline) throws -> SocketTransport {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            throw RedisError(
                .unreachable,
                "The host name \(host) cannot be resolved: \(String(cString: gai_strerror(status))).",
                outcome: .notExecuted
            )
        }
        defer { freeaddrinfo(list) }
        var last: (any Error)?
        var next = list
        while let candidate = next {
            do {
                return try open(
                    family: candidate.pointee.ai_family,
                    address: candidate.pointee.ai_addr,
                    length: candidate.pointee.ai_addrlen,
                    name: Endpoint.tcp(host: host, port: port).description,
                    deadline: deadline
                )
            } catch {
                last = error
            }
            next = candidate.pointee.ai_next
        }
        throw last
            ?? RedisError(.unreachable, "The host name \(host) has no address.", outcome: .notExecuted)
    }

    private static func open(
        family: Int32,
        address: UnsafePointer<sockaddr>,
        length: socklen_t,
        name: String,
        deadline: Deadline
    ) throws -> SocketTransport {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw failure(.unreachable, "No socket could be opened", errno) }
        let transport = SocketTransport(descriptor: descriptor)
        if Glibc.connect(descriptor, address, length) != 0 {
            guard errno == EINPROGRESS || errno == EINTR else {
                throw failure(.unreachable, "No connection to \(name)", errno)
            }
            try waitUntilConnected(descriptor, name: name, deadline: deadline)
        }
        if family != AF_UNIX { setOptions(descriptor) }
        return transport
    }

    private static func waitUntilConnected(_ descriptor: Int32, name: String, deadline: Deadline) throws {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let ready = poll(&waiting, 1, deadline.pollMilliseconds)
            if ready > 0 { break }
            guard ready == 0 || errno == EINTR else { throw failure(.unreachable, "No connection to \(name)", errno) }
            if deadline.hasPassed {
                throw RedisError(.timedOut, "No connection to \(name) within the time allowed.", outcome: .notExecuted)
            }
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else {
            throw failure(.unreachable, "No connection to \(name)", code)
        }
    }

    /// Small requests must not wait for an acknowledgement, and a peer that vanished must be noticed when idle.
    private static func setOptions(_ descriptor: Int32) {
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, size)
    }

    private static func failure(_ code: RedisError.Code, _ what: String, _ number: Int32) -> RedisError {
        RedisError(
            code,
            "\(what): \(String(cString: strerror(number))).",
            outcome: code == .unreachable ? .notExecuted : .unknown
        )
    }
}
