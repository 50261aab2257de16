import Foundation
import RedisClient
import TestSupport

/// Something that listens where a Redis server is expected, and does to its client what a test says.
///
/// It is no stand-in for Redis: it exists to misbehave, byte by byte.
final class RawPeer: Sendable {
    /// Where it listens.
    let endpoint: Endpoint

    private let listener: Int32
    private let home: TemporaryDirectory

    /// Listens on a Unix socket, or on a port of 127.0.0.1. Nothing is accepted yet.
    init(tcp: Bool = false, backlog: Int32 = 16) throws {
        home = try TemporaryDirectory()
        let family = tcp ? AF_INET : AF_UNIX
        listener = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw TestSupportError("No socket.") }
        if tcp {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
            try Self.bind(listener, &address)
            endpoint = .tcp(host: "127.0.0.1", port: Int(in_port_t(bigEndian: address.sin_port)))
        } else {
            let path = home.file("peer.sock")
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            try Self.bind(listener, &address)
            endpoint = .unix(path: path)
        }
        guard listen(listener, backlog) == 0 else { throw TestSupportError("Cannot listen.") }
    }

    deinit {
        close(listener)
    }

    /// Options for a connection to it; short time-outs, since most tests wait for one.
    func options(
        username: String? = nil,
        password: String? = nil,
        database: Int = 0,
        connectTimeout: Duration = .seconds(5),
        commandTimeout: Duration = .seconds(5),
        limits: ReplyLimits = ReplyLimits()
    ) -> ConnectionOptions {
        ConnectionOptions(
            endpoint: endpoint,
            username: username,
            password: password,
            database: database,
            connectTimeout: connectTimeout,
            commandTimeout: commandTimeout,
            limits: limits
        )
    }

    /// Accepts one client on a thread, and hangs up when the script ends.
    func serve(_ script: @escaping @Sendable (PeerSocket) -> Void) {
        let thread = Thread { [self] in
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let socket = PeerSocket(descriptor: descriptor)
            script(socket)
            socket.hangUp()
        }
        thread.start()
    }

    /// As `serve`, once the greeting without password and database is answered.
    func serveGreeted(_ script: @escaping @Sendable (PeerSocket) -> Void) {
        serve { socket in
            socket.read(until: "ID\r\n")
            socket.write("+OK\r\n:7\r\n")
            script(socket)
        }
    }

    /// Opens connections that nobody accepts until the queue is full; they last as long as the result.
    func fillQueue() -> [OpenDescriptor] {
        var descriptors: [OpenDescriptor] = []
        for _ in 0..<8 {
            let family = if case .unix = endpoint { AF_UNIX } else { AF_INET }
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let one = OpenDescriptor(socket(family, kind, 0))
            descriptors.append(one)
            var address = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(listener, $0, &size)
                    _ = connect(one.number, $0, size)
                }
            }
        }
        return descriptors
    }

    private static func bind<Address>(_ listener: Int32, _ address: inout Address) throws {
        var size = socklen_t(MemoryLayout<Address>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw TestSupportError("Cannot bind.") }
    }
}

/// A descriptor that is closed with its last reference.
final class OpenDescriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }
}

/// The peer's end of one connection; used by its thread only.
final class PeerSocket {
    private let descriptor: Int32
    private var isOpen = true

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Reads until a text has come, or the client is gone.
    func read(until text: String) {
        var seen: Bytes = []
        let wanted = Bytes(text)
        var byte: UInt8 = 0
        while !seen.reversed().starts(with: wanted.reversed()), recv(descriptor, &byte, 1, 0) == 1 {
            seen.append(byte)
        }
    }

    /// Reads until the client is gone.
    func readToEnd() {
        var buffer = Bytes(repeating: 0, count: 1 << 16)
        while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
    }

    /// Waits, reading nothing, until the client has hung up.
    func waitForHangUp() {
        var waiting = pollfd(fd: descriptor, events: Int16(0x2000), revents: 0)
        while poll(&waiting, 1, -1) < 0 {}
    }

    /// Sends a text; false once the client is gone.
    @discardableResult
    func write(_ text: String) -> Bool {
        write(Bytes(text))
    }

    /// Sends bytes; false once the client is gone.
    @discardableResult
    func write(_ bytes: Bytes) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Ends a TCP connection with a reset rather than in order.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        hangUp()
    }

    /// Ends the connection; a second call does nothing.
    func hangUp() {
        guard isOpen else { return }
        isOpen = false
        close(descriptor)
    }
}

/// Something that a test's thread waits for and another one opens.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() {
        semaphore.signal()
    }

    /// Blocks the thread; for the threads of peers, not for tests.
    func wait() {
        semaphore.wait()
    }

    /// Whether it is open; takes what opened it.
    func isOpen() -> Bool {
        semaphore.wait(timeout: .now()) == .success
    }
}
