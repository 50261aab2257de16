import Foundation

/// A datagram socket that is bound and never read: whoever sends to it waits once its queue is full.
package final class UnreadSocket: Sendable {
    package let path: String
    private let home: TemporaryDirectory
    private let descriptor: Int32

    /// A socket of a name in a directory of its own.
    package init(named name: String = "unread") throws {
        home = try TemporaryDirectory()
        path = home.file(name)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = Self.address(of: path)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard descriptor >= 0, result == 0 else { throw TestSupportError("No socket.") }
    }

    deinit {
        close(descriptor)
    }

    /// Sends datagrams until none fits any more.
    ///
    /// One sender may fill its own buffer before the queue: it is full once a new one gets nothing in.
    package func fill() throws {
        for _ in 0..<100 where try send() == 0 { return }
        throw TestSupportError("The socket is never full.")
    }

    /// How many datagrams a sender gets in.
    private func send() throws -> Int {
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let sender = socket(AF_UNIX, kind, 0)
        defer { close(sender) }
        var address = Self.address(of: path)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        var count = 0
        while true {
            let sent = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(sender, "x", 1, 0, $0, size) }
            }
            if sent < 0, errno == EAGAIN { return count }
            guard sent == 1 else { throw TestSupportError("Cannot send: \(errorText(errno)).") }
            count += 1
        }
    }

    private static func address(of path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }
}
