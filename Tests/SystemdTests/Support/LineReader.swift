import Glibc

/// A pipe or a terminal to log into, and its other end to read what came out.
final class LineReader: Sendable {
    let writeEnd: Int32
    private let readEnd: Int32

    private init(readEnd: Int32, writeEnd: Int32) {
        self.readEnd = readEnd
        self.writeEnd = writeEnd
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    static func pipe() throws -> LineReader {
        var ends: [Int32] = [0, 0]
        try SystemError.check("pipe", Glibc.pipe(&ends))
        return LineReader(readEnd: ends[0], writeEnd: ends[1])
    }

    static func terminal() throws -> LineReader {
        var controller: Int32 = -1
        var terminal: Int32 = -1
        try SystemError.check("openpty", openpty(&controller, &terminal, nil, nil, nil))
        return LineReader(readEnd: controller, writeEnd: terminal)
    }

    /// Returns what one read(2) gives, or `nil` if nothing has come in five seconds.
    func read() throws -> String? {
        var poller = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard try SystemError.check("poll", poll(&poller, 1, 5_000)) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(readEnd, &buffer, buffer.count)
        try SystemError.check("read", Int32(count))
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
