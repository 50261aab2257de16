import Foundation

/// A pipe for a child's output that has little room, and that nobody reads until a test does.
public final class UnreadPipe: Sendable {
    let writeEnd: Int32
    private let readEnd: Int32

    /// A pipe of one page.
    public init() throws {
        (readEnd, writeEnd) = try Spawner.openPipe()
        // F_SETPIPE_SZ, which Glibc does not show to Swift (fcntl(2)).
        guard fcntl(writeEnd, 1031, 4096) == 4096 else { throw TestSupportError("No small pipe: \(errorText(errno)).") }
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Whether nothing fits in any more.
    public var isFull: Bool {
        var state = pollfd(fd: writeEnd, events: Int16(POLLOUT), revents: 0)
        return poll(&state, 1, 0) == 0
    }

    /// What is in it now.
    public func read() -> String {
        var text = [UInt8]()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Foundation.read(readEnd, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }
}
