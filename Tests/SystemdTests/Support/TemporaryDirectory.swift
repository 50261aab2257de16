import Foundation

/// A directory of its own for one test, gone when the test is.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        // Short, since a socket's path ends at 107 bytes.
        path = "/tmp/systemd-tests-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }
}
