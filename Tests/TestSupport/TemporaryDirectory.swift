import Foundation
import Synchronization

/// A directory of a test's own, removed with the last reference to it, or when the test process exits.
///
/// It is directly below `/tmp`, whatever `TMPDIR` says: the path of a Unix socket may have 107 bytes at most.
public final class TemporaryDirectory: Sendable {
    /// The absolute path, without a slash at the end.
    public let path: String

    /// What mkdtemp and mkstemp make a name of.
    static let template = "/tmp/mrt-XXXXXX"

    /// Makes the directory, readable by this user only.
    public init() throws {
        var template = Array(Self.template.utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestSupportError("No temporary directory: \(errorText(errno)).")
        }
        path = template.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0.dropLast(), as: UTF8.self) }
        }
        LeftBehind.add(directory: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        LeftBehind.remove(directory: path)
    }

    /// The path of a file in the directory.
    public func file(_ name: String) -> String {
        path + "/" + name
    }

    /// Writes a text file into the directory and gives its path.
    @discardableResult
    public func write(_ text: String, to name: String, permissions: Int = 0o600) throws -> String {
        let path = file(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        return path
    }
}

/// The system's words for an error number.
func errorText(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}
