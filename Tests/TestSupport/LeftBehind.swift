import Foundation
import Synchronization

/// What must not outlive the test process: children and directories that tests have not ended themselves.
///
/// An `atexit` handler clears it. That covers every ordinary end, a test that hangs until it is interrupted excepted;
/// for that one, and for a crash, see `Spawner`.
enum LeftBehind {
    private struct Things {
        var children: Set<pid_t> = []
        var directories: Set<String> = []
        var hasHandler = false
    }

    private static let things = Mutex(Things())

    static func add(child: pid_t) {
        change { $0.children.insert(child) }
    }

    static func remove(child: pid_t) {
        change { $0.children.remove(child) }
    }

    static func add(directory: String) {
        change { $0.directories.insert(directory) }
    }

    static func remove(directory: String) {
        change { $0.directories.remove(directory) }
    }

    private static func change(_ body: (inout Things) -> Void) {
        things.withLock { things in
            if !things.hasHandler {
                things.hasHandler = true
                atexit { LeftBehind.clear() }
            }
            body(&things)
        }
    }

    private static func clear() {
        let rest = things.withLock { things in
            defer { things = Things(hasHandler: true) }
            return things
        }
        for child in rest.children {
            kill(child, SIGKILL)
        }
        for directory in rest.directories {
            try? FileManager.default.removeItem(atPath: directory)
        }
    }
}
