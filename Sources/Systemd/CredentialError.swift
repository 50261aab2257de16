import Glibc

/// A credential that is there, or should be, and cannot be used.
///
/// It never carries any of the content.
public struct CredentialError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: Equatable, Sendable {
        /// The name cannot be that of a file in the directory.
        case invalidName

        /// The content is larger than ``Credentials/sizeLimit``.
        case tooLarge

        /// The name belongs to a directory, a pipe or another thing that is not a file.
        case notAFile

        /// The kernel refused to open or read it, with this errno.
        case unreadable(errno: Int32)
    }

    /// What is wrong.
    public let code: Code

    /// The name that was asked for.
    public let name: String

    /// One sentence that says what happened and what to do.
    public var description: String {
        let subject = "The credential \(SafeText.word(name))"
        return switch code {
        case .invalidName: "\(subject) cannot exist: a name is that of a file, not empty and without '/'."
        case .tooLarge: "\(subject) is larger than \(Credentials.sizeLimit) bytes: check what LoadCredential= names."
        case .notAFile: "\(subject) is not a file: check what LoadCredential= names."
        case .unreadable(let errno): "\(subject) cannot be read: \(String(cString: strerror(errno)))."
        }
    }
}
