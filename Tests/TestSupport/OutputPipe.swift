import Foundation
import Synchronization

/// A pipe for a child's output, and the thread that collects what comes out of it.
final class OutputPipe: Sendable {
    /// The end for the child. Close it here once the child has it, else the pipe never ends.
    let writeEnd: Int32

    private struct State {
        var bytes: [UInt8] = []
        var ended = false
    }

    private let readEnd: Int32
    private let state = Mutex(State())

    init() throws {
        (readEnd, writeEnd) = try Spawner.openPipe()
        let thread = Thread { self.collect() }
        thread.name = "output"
        thread.start()
    }

    /// What has come so far. Bytes that are not UTF-8 show as replacement characters.
    var text: String {
        state.withLock { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// Waits until nobody can write any more, or for the time-out: a grandchild may hold the pipe for ever.
    func waitForEnd(timeout: Duration = .seconds(2)) async {
        try? await eventually(timeout: timeout) { state.withLock { $0.ended } }
    }

    private func collect() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(readEnd, &buffer, buffer.count)
            if count > 0 {
                state.withLock { $0.bytes.append(contentsOf: buffer[..<count]) }
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        close(readEnd)
        state.withLock { $0.ended = true }
    }
}
