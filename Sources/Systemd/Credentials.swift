import FoundationEssentials
import Glibc

/// The secrets that the service manager hands to the service, each a file in `$CREDENTIALS_DIRECTORY`.
///
/// They come from `LoadCredential=` and its kin, see systemd.exec(5). Read one when it is needed and let it go.
public struct Credentials: Equatable, Sendable {
    /// The largest content that is read, 1 MiB: the limit that systemd has for all of a unit's credentials together.
    public static let sizeLimit = 1_048_576

    private let directory: String?

    /// Looks in this directory, or nowhere if there is none.
    public init(directory: String?) {
        self.directory = directory
    }

    /// Looks where `$CREDENTIALS_DIRECTORY` says.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.init(directory: environment["CREDENTIALS_DIRECTORY"])
    }

    /// Returns the content of a credential, or `nil` if there is none of this name.
    ///
    /// One newline at the end is taken off, since editors and `echo` add it. Throws ``CredentialError`` if the name is
    /// not that of a file, or if the credential is there and cannot be read whole.
    public func read(_ name: String) throws(CredentialError) -> [UInt8]? {
        guard Self.isFileName(name) else { throw CredentialError(code: .invalidName, name: name) }
        guard let directory else { return nil }
        guard let descriptor = try Self.open("\(directory)/\(name)", for: name) else { return nil }
        defer { close(descriptor) }
        var content = try Self.content(of: descriptor, for: name)
        if content.last == UInt8(ascii: "\n") { content.removeLast() }
        return content
    }

    /// A name may not lead out of the directory; a NUL would end it early on its way into the kernel.
    private static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }

    private static func open(_ path: String, for name: String) throws(CredentialError) -> Int32? {
        // Without O_NONBLOCK a pipe under this name would hold the service up for ever.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        if descriptor >= 0 { return descriptor }
        let reason = errno
        if reason == ENOENT { return nil }
        throw CredentialError(code: .unreadable(errno: reason), name: name)
    }

    private static func content(of descriptor: Int32, for name: String) throws(CredentialError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw CredentialError(code: .unreadable(errno: errno), name: name)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CredentialError(code: .notAFile, name: name) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            switch count {
            case 0: return content
            case 1...: content += chunk[..<count]
            case _ where errno == EINTR: continue
            default: throw CredentialError(code: .unreadable(errno: errno), name: name)
            }
            guard content.count <= sizeLimit else { throw CredentialError(code: .tooLarge, name: name) }
        }
    }
}
