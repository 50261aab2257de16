import Foundation

/// Asks a server on a Unix socket whether it serves, with nothing but a socket.
///
/// The tests of the client start servers too: their helper must not rest on what it is there to test.
enum Ping {
    /// Whether a server answers and is ready: an error that a ready server gives (a password is missing) counts, one
    /// that a starting server gives (it loads its data) does not.
    static func succeeds(socketPath: String) async -> Bool {
        await withCheckedContinuation { continuation in
            // A socket that blocks, with a time-out; so not on a thread of the concurrency pool.
            DispatchQueue.global().async {
                let reply = ask(socketPath)
                continuation.resume(
                    returning: ["+PONG", "-NOAUTH", "-NOPERM"].contains { reply.hasPrefix($0) }
                )
            }
        }
    }

    private static func ask(_ path: String) -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 0, tv_usec: 500_000)
        let limitSize = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, limitSize)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, limitSize)

        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            guard path.utf8.count < bytes.count else { return false }
            bytes.copyBytes(from: path.utf8)
            return true
        }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        let request = Array("PING\r\n".utf8)
        guard isShort, isConnected, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) > 0 else {
            return ""
        }
        var reply = [UInt8](repeating: 0, count: 512)
        let count = recv(descriptor, &reply, reply.count, 0)
        return String(decoding: reply.prefix(max(count, 0)), as: UTF8.self)
    }
}
