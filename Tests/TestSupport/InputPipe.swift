import Foundation

/// A child's standard input into which a test writes whenever it likes.
public final class InputPipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    /// A pipe that nobody has yet.
    public init() throws {
        (readEnd, writeEnd) = try Spawner.openPipe()
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Writes a line.
    public func say(_ line: String) throws { try send(line + "\n") }

    /// Writes what may be no line.
    public func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Foundation.write(writeEnd, bytes, bytes.count) == bytes.count else {
            throw TestSupportError("Nobody reads the input: \(errorText(errno)).")
        }
    }
}
