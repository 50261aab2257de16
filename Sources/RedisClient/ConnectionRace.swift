import Glibc

/// Connects to whichever of several addresses answers first, each tried a moment after the one before it.
///
/// An address that refuses costs nothing, one that swallows packets a quarter of a second, however many there are; and
/// one that is only slow still wins if no other answers. Source: RFC 8305, section 5.
struct ConnectionRace: ~Copyable {
    private let name: Endpoint
    private let deadline: Deadline
    private var waiting: [Attempt] = []
    private var failure: RedisError

    private typealias Attempt = (transport: SocketTransport, address: SocketAddress)

    /// How long an attempt runs before the next one begins beside it, as RFC 8305 recommends.
    private static let stagger = Duration.milliseconds(250)

    init(to name: Endpoint, deadline: Deadline) {
        self.name = name
        self.deadline = deadline
        failure = SocketTransport.failure(.unreachable, "No connection to \(name)", EADDRNOTAVAIL)
    }

    /// The first connection, and the address that it is to.
    ///
    /// Errors: `unreachable`, that of the last address that said no; `timedOut`.
    mutating func run(_ addresses: [SocketAddress]) throws -> (SocketTransport, SocketAddress) {
        var rest = addresses[...]
        var turn = Deadline(after: .zero)
        while true {
            if turn.hasPassed || waiting.isEmpty, let address = rest.popFirst() {
                if let winner = start(address) { return winner }
                turn = Deadline(after: Self.stagger)
                continue
            }
            guard !waiting.isEmpty else { throw failure }
            guard !deadline.hasPassed else { throw SocketTransport.late(name) }
            let time = rest.isEmpty ? deadline.pollMilliseconds : min(deadline.pollMilliseconds, turn.pollMilliseconds)
            if let winner = try wait(milliseconds: time) { return winner }
        }
    }

    /// Begins an attempt; gives it if it has succeeded at once.
    private mutating func start(_ address: SocketAddress) -> Attempt? {
        do {
            let attempt = try SocketTransport.begin(address, name: name)
            if attempt.isConnected { return (attempt.transport, address) }
            waiting.append((attempt.transport, address))
        } catch {
            failure = error
        }
        return nil
    }

    /// Waits until an attempt has ended or the time is over; gives the one that has succeeded.
    private mutating func wait(milliseconds: Int32) throws -> Attempt? {
        var polled = waiting.map { pollfd(fd: $0.transport.descriptor, events: Int16(POLLOUT), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), milliseconds) >= 0 || errno == EINTR else {
            throw SocketTransport.failure(.unreachable, "No connection to \(name)", errno)
        }
        for index in polled.indices.reversed() where polled[index].revents != 0 {
            let attempt = waiting[index]
            let code = attempt.transport.connectError
            if code == 0 { return attempt }
            failure = SocketTransport.failure(.unreachable, "No connection to \(name)", code)
            waiting.remove(at: index)
        }
        return nil
    }
}
