import Glibc

/// An address to connect to, as the kernel takes it.
struct SocketAddress: Sendable, Hashable {
    let family: Int32
    private let bytes: [UInt8]

    /// An address that getaddrinfo has found.
    init?(_ found: addrinfo) {
        guard let address = found.ai_addr else { return nil }
        family = found.ai_family
        bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(found.ai_addrlen)))
    }

    /// The address of a Unix socket.
    ///
    /// Errors: `unreachable` for a path that cannot be one.
    init(unix path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        let name = Array(path.utf8)
        guard name.count < capacity, !name.isEmpty, !name.contains(0) else {
            throw RedisError(
                .unreachable,
                "The socket path \(printable(path)) is empty, holds a NUL or is longer than \(capacity - 1) bytes.",
                outcome: .notExecuted
            )
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        family = AF_UNIX
        bytes = withUnsafeBytes(of: address) { Array($0) }
    }

    /// connect(2).
    func connect(_ descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { raw in
            Glibc.connect(descriptor, raw.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(raw.count))
        }
    }
}
