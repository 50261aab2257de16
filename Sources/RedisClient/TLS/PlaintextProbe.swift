import Glibc

/// Asks a server that is silent to TLS whether it speaks Redis' protocol in the clear; says nothing but PING.
enum PlaintextProbe {
    /// Whether a reply or an error comes back in time.
    static func isAnswered(at endpoint: Endpoint, by deadline: Deadline) -> Bool {
        guard let socket = try? SocketTransport.connect(to: endpoint, deadline: deadline) else { return false }
        let request = Bytes("PING\r\n")
        guard (try? request.withUnsafeBytes({ try socket.write($0) })) == .moved(request.count) else { return false }
        var first = Bytes(repeating: 0, count: 1)
        while !deadline.hasPassed {
            var waiting = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, deadline.pollMilliseconds)
            switch try? first.withUnsafeMutableBytes({ try socket.read(into: $0) }) {
            case .moved?: return first[0] == UInt8(ascii: "+") || first[0] == UInt8(ascii: "-")
            case .wantsRead?: continue
            default: return false
            }
        }
        return false
    }
}
