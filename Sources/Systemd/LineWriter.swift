import Glibc

/// Writes whole lines to a file descriptor that somebody else owns.
struct LineWriter: Sendable {
    let descriptor: Int32

    static let standardError = LineWriter(descriptor: STDERR_FILENO)

    /// Writes the line and its newline with one write(2), so that lines of several threads do not mix.
    ///
    /// What a short write leaves is written after it. A line that cannot be written is lost: there is nowhere to say so.
    func write(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }
}
