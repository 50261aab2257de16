import Foundation
import RedisClient
import Synchronization

/// Another application: one blocking connection, for use where nothing can be awaited, such as a proxy's hook.
package final class PlainClient: Sendable {
    private let descriptor: Int32
    private let isBusy = Mutex(())

    /// Connects to the server's socket.
    package init(_ server: RedisServer) throws {
        descriptor = try UnixSocket.connect(to: server.socketPath)
    }

    deinit {
        close(descriptor)
    }

    /// Sends one command of words without spaces and waits for its reply, which is given as it came.
    @discardableResult
    package func send(_ line: String) -> String {
        send(line.split(separator: " ").map { Bytes(String($0)) })
    }

    /// Sends one command of any bytes and waits for its reply, which is given as it came.
    @discardableResult
    package func send(_ words: [Bytes]) -> String {
        isBusy.withLock { _ in
            var request = Bytes("*\(words.count)\r\n")
            for word in words { request += Bytes("$\(word.count)\r\n") + word + Bytes("\r\n") }
            guard UnixSocket.write(request, to: descriptor) else { return "-GONE the server is gone" }
            var reply = Bytes()
            while RESPScanner.end(in: reply, from: 0) == nil {
                guard UnixSocket.read(from: descriptor, into: &reply) else { return "-GONE the server is gone" }
            }
            return String(decoding: reply, as: UTF8.self)
        }
    }
}
