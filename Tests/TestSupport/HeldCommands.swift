import Foundation
import RedisClient

/// What a program sent and a server has not got yet: a connection whose program's end is closed, and the bytes for it.
final class HeldCommands: Sendable {
    private let server: Int32
    private let bytes: Bytes

    /// Owns the descriptor from now on.
    init(server: Int32, bytes: Bytes) {
        self.server = server
        self.bytes = bytes
    }

    /// Lets the server have them, and gives its replies as text; the connection ends.
    func deliver() -> String {
        defer { close(server) }
        var replies = Bytes()
        guard UnixSocket.write(bytes, to: server) else { return "the connection has ended" }
        shutdown(server, Int32(SHUT_WR))
        while UnixSocket.read(from: server, into: &replies) {}
        return String(decoding: replies, as: UTF8.self)
    }

    /// Ends the connection; they never arrive.
    func discard() { close(server) }
}
