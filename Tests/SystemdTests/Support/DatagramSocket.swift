import Glibc

/// The manager's or the journal's end of a conversation: a bound AF_UNIX datagram socket.
final class DatagramSocket: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = try SystemError.check(
            "socket",
            socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        )
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try SystemError.check("bind", bound)
    }

    deinit {
        close(descriptor)
    }

    /// Returns the next datagram, or `nil` if none arrives in this time.
    func receive(withinMilliseconds timeout: Int32 = 5_000) throws -> [UInt8]? {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard try SystemError.check("poll", poll(&poller, 1, timeout)) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        try SystemError.check("recv", Int32(count))
        return Array(buffer[..<count])
    }

    /// Returns the next datagram as text.
    func receiveText(withinMilliseconds timeout: Int32 = 5_000) throws -> String? {
        try receive(withinMilliseconds: timeout).map { String(decoding: $0, as: UTF8.self) }
    }
}
