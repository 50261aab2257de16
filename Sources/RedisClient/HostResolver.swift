import Glibc
import Synchronization

/// Turns a host's name into addresses by a deadline.
///
/// getaddrinfo(3) has none: with a dead name server it blocks for half a minute. So it runs on a thread of its own,
/// which is left alone at the deadline and ends when the C library gives up.
struct HostResolver: Sendable {
    /// What a look-up gives: addresses, or the status of getaddrinfo.
    typealias Answer = Result<[SocketAddress], Failure>

    /// A status of getaddrinfo other than 0.
    struct Failure: Error, Sendable {
        let status: Int32
    }

    private let lookUp: @Sendable (_ host: String, _ port: Int, _ flags: Int32) -> Answer

    /// A resolver over the C library.
    init() {
        lookUp = Self.systemLookUp
    }

    /// A resolver over another function, which may block.
    init(lookUp: @escaping @Sendable (_ host: String, _ port: Int, _ flags: Int32) -> Answer) {
        self.lookUp = lookUp
    }

    /// The addresses of a host, best first, never none.
    ///
    /// Errors: `unreachable`, `timedOut`.
    func resolve(host: String, port: Int, by deadline: Deadline) throws -> [SocketAddress] {
        // getaddrinfo takes the lower 16 bits of any number.
        guard 1...65535 ~= port else { throw failure(host, "\(port) is no port") }
        // A literal address needs no name server, and must work where AI_ADDRCONFIG would hide its family.
        if case .success(let addresses) = lookUp(host, port, AI_NUMERICHOST), !addresses.isEmpty { return addresses }
        switch try lookUpAside(host, port, by: deadline) {
        case .success(let addresses) where !addresses.isEmpty: return addresses
        case .success: throw failure(host, "it has no address")
        case .failure(let failure): throw self.failure(host, String(cString: gai_strerror(failure.status)))
        }
    }

    private func lookUpAside(_ host: String, _ port: Int, by deadline: Deadline) throws -> Answer {
        let errand = Errand { [lookUp] in lookUp(host, port, AI_ADDRCONFIG) }
        // A pair of sockets rather than a semaphore: poll takes a deadline that no change of the clock moves.
        var ends: (Int32, Int32) = (-1, -1)
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let made = withUnsafeMutableBytes(of: &ends) {
            socketpair(AF_UNIX, kind, 0, $0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        guard made == 0 else { throw failure(host, String(cString: strerror(errno))) }
        defer { close(ends.0) }
        let theirs = ends.1
        let started = DetachedThread.start(name: "resolver") {
            errand.run()
            close(theirs)
        }
        guard started else {
            close(theirs)
            throw failure(host, "there is no thread for it")
        }
        var waiting = pollfd(fd: ends.0, events: Int16(POLLIN), revents: 0)
        while !deadline.hasPassed, poll(&waiting, 1, deadline.pollMilliseconds) <= 0 {}
        guard let answer = errand.answer else {
            throw RedisError(
                .timedOut,
                "The host name \(printable(host)) was not resolved within the time allowed.",
                outcome: .notExecuted
            )
        }
        return answer
    }

    private func failure(_ host: String, _ why: String) -> RedisError {
        RedisError(
            .unreachable,
            "The host name \(printable(host)) cannot be resolved: \(why).",
            outcome: .notExecuted
        )
    }

    private static func systemLookUp(_ host: String, _ port: Int, _ flags: Int32) -> Answer {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else { return .failure(Failure(status: status)) }
        defer { freeaddrinfo(list) }
        return .success(
            sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { $0.flatMap { SocketAddress($0.pointee) } }
        )
    }
}

/// A look-up that somebody else may no longer wait for.
private final class Errand: Sendable {
    private let work: @Sendable () -> HostResolver.Answer
    private let result = Mutex<HostResolver.Answer?>(nil)

    init(_ work: @escaping @Sendable () -> HostResolver.Answer) {
        self.work = work
    }

    var answer: HostResolver.Answer? { result.withLock { $0 } }

    func run() {
        let answer = work()
        result.withLock { $0 = answer }
    }
}
