import Foundation
import RedisClient

/// Blocking Unix sockets, with no more than tests need.
package enum UnixSocket {
    /// Connects to a path.
    package static func connect(to path: String) throws -> Int32 {
        try open(path) { Foundation.connect($0, $1, $2) }
    }

    /// Listens on a path.
    package static func listen(on path: String) throws -> Int32 {
        let descriptor = try open(path) { bind($0, $1, $2) }
        guard Foundation.listen(descriptor, 64) == 0 else { throw TestSupportError("Cannot listen on \(path).") }
        return descriptor
    }

    /// Writes all of it; false when the peer is gone.
    package static func write(_ bytes: Bytes, to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Waits for bytes and adds them to a buffer; false at the end of the stream.
    package static func read(from descriptor: Int32, into buffer: inout Bytes) -> Bool {
        var chunk = Bytes(repeating: 0, count: 1 << 16)
        var count = recv(descriptor, &chunk, chunk.count, 0)
        while count < 0, errno == EINTR { count = recv(descriptor, &chunk, chunk.count, 0) }
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }

    private static func open(
        _ path: String,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestSupportError("No socket.") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            guard path.utf8.count < bytes.count else { return false }
            bytes.copyBytes(from: path.utf8)
            return true
        }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isShort, result == 0 else {
            close(descriptor)
            throw TestSupportError("Cannot use the socket \(path).")
        }
        return descriptor
    }
}
