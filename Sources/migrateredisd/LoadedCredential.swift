import FoundationEssentials
import Glibc

/// A credential that systemd copied out of a file when the service started, and may not copy again before the next start.
///
/// The file is root's alone. Whether it was changed can be asked all the same, of its directory.
struct LoadedCredential: Equatable, Sendable {
    /// Where systemd put the copy.
    let path: String
    /// The files that it may have been copied from; those that are not there count for nothing.
    let sources: [String]

    /// A credential, and the files that bear its name beside the configuration file: as it is, and encrypted.
    init(path: String, configPath: String) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let directory = configPath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/"
        )
        self.path = path
        sources = ["\(directory)/\(name)", "\(directory)/\(name).cred"]
    }

    /// Whether a file was changed or put in place after the copy was made.
    ///
    /// The change time counts, since a file that is moved into place keeps its time of modification.
    var isOutdated: Bool {
        guard let copied = Self.status(of: path)?.st_mtim else { return false }
        return sources.contains { source in
            guard let changed = Self.status(of: source)?.st_ctim else { return false }
            return (changed.tv_sec, changed.tv_nsec) > (copied.tv_sec, copied.tv_nsec)
        }
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }
}
