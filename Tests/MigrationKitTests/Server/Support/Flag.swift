import Synchronization

/// Something that becomes true once, told between tasks and threads.
final class Flag: Sendable {
    private let state = Mutex(false)

    /// Whether it was raised.
    var isRaised: Bool { state.withLock { $0 } }

    /// Raises it; may be called again.
    func raise() {
        state.withLock { $0 = true }
    }
}

/// A number that grows, told between tasks and threads.
final class Counter: Sendable {
    private let state = Mutex(0)

    /// The number.
    var value: Int { state.withLock { $0 } }

    /// Adds one and gives the result.
    @discardableResult
    func increase() -> Int {
        state.withLock { number in
            number += 1
            return number
        }
    }
}
