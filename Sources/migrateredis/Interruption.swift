import Glibc
import Synchronization

/// An interrupt from the keyboard or a SIGTERM: the first asks to stop at a safe point, the second ends the program.
struct Interruption: Sendable {
    private static let flag = Atomic(false)

    /// Whether to stop at the next safe point.
    var isRequested: Bool { Self.flag.load(ordering: .relaxed) }

    /// Listens from now on.
    static func begin() -> Interruption {
        // Made before a handler could be the first to touch it.
        flag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
        return Interruption()
    }
}
