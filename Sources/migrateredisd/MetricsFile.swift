import Glibc

/// The file that node_exporter's textfile collector reads.
///
/// A reader sees the old text or the new one, never a part: it is written beside its place and then put there.
struct MetricsFile: Equatable, Sendable {
    let path: String

    /// The collector takes no file of this name for metrics.
    private var draft: String { path + ".new" }

    /// Why a file could not be written: the step, and the system's word.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let path: String
        let code: Int32

        var description: String { "\(path): \(String(cString: strerror(code)))" }
    }

    /// Puts this text in the place of the old one, readable by all.
    func write(_ text: String) throws(Failure) {
        // One that was left behind by a killed process, or laid there by somebody else, is not written into.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(path: draft, code: errno) }
        var code = fill(descriptor, Array(text.utf8))
        close(descriptor)
        if code == 0, rename(draft, path) != 0 { code = errno }
        guard code == 0 else {
            unlink(draft)
            throw Failure(path: path, code: code)
        }
    }

    /// What nobody writes any more would look as if all were well.
    func remove() {
        unlink(path)
    }

    private func fill(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
        // The unit's UMask= keeps all else to ourselves.
        guard fchmod(descriptor, 0o644) == 0 else { return errno }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
