import Foundation
import MigrationKit
import Synchronization

/// The time of day of whoever is started with it, such as a server or all programs of a host: it jumps when a test says so.
///
/// Clocks that never jump, by which programs wait, stay as they are.
package final class JumpingClock: Sendable {
    /// What to start programs with.
    package let environment: [String: String]

    private let home: TemporaryDirectory
    private let descriptor: Int32
    private let ahead = Mutex<Int64>(0)

    /// A clock that shows the time as it is.
    package init() async throws {
        let library = try await LoadableLibrary.path(of: "clock")
        home = try TemporaryDirectory()
        let path = home.file("clock")
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestSupportError("Cannot open \(path): \(errorText(errno)).") }
        environment = ["LD_PRELOAD": library, "CLOCK_FILE": path]
        jump(by: .zero)
    }

    deinit {
        close(descriptor)
    }

    /// Jumps ahead, or back where the duration is negative.
    package func jump(by duration: Duration) {
        ahead.withLock { microseconds in
            microseconds += duration.milliseconds * 1000
            pwrite(descriptor, &microseconds, MemoryLayout<Int64>.size, 0)
        }
    }
}
