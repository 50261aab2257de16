import Glibc
import RedisClient

/// Writes whole lines to a file descriptor that somebody else owns.
struct LineWriter: Sendable {
    let descriptor: Int32
    /// What writes in our place, so that we do not wait for the reader; nil for nobody.
    var outlet: Outlet?

    static let standardError = LineWriter(descriptor: STDERR_FILENO)

    /// Writes the line and its newline, or has that done.
    func write(_ line: String) {
        guard let outlet else { return writeNow(line) }
        outlet.offer(cost: line.utf8.count) { writeNow(line) }
    }

    /// Writes the line and its newline with one write(2), so that lines of several threads do not mix.
    ///
    /// What a short write leaves is written after it. A line that cannot be written is lost: there is nowhere to say so.
    private func writeNow(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                guard waitForRoom() else { return }
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Another program that shares the terminal may have made it non-blocking; half a line would run into the next.
    private func waitForRoom() -> Bool {
        var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let atMostMilliseconds: Int32 = 1_000
        return poll(&poller, 1, atMostMilliseconds) > 0
    }
}
