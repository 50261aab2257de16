import CLinux
import Glibc

/// POSIX threads that nobody joins.
enum DetachedThread {
    /// Runs a function on a new thread; false when the system has none.
    ///
    /// Tools such as top show the name, or what fits of it (15 bytes).
    static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let argument = Unmanaged.passRetained(Body(name: name, function: body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument.toOpaque()
        )
        guard status == 0 else {
            argument.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private final class Body: Sendable {
        private let name: String
        private let function: @Sendable () -> Void

        init(name: String, function: @escaping @Sendable () -> Void) {
            self.name = name
            self.function = function
        }

        func run() {
            _ = clinux_name_this_thread(name)
            function()
        }
    }
}
