import Synchronization

/// Something that becomes true once, told between tasks and threads.
package final class Flag: Sendable {
    private let state = Mutex(false)

    /// Not raised.
    package init() {}

    /// Whether it was raised.
    package var isRaised: Bool { state.withLock { $0 } }

    /// Raises it; may be called again.
    package func raise() {
        state.withLock { $0 = true }
    }
}

/// A number that grows, told between tasks and threads.
package final class Counter: Sendable {
    private let state = Mutex(0)

    /// Zero.
    package init() {}

    /// The number.
    package var value: Int { state.withLock { $0 } }

    /// Adds one and gives the result.
    @discardableResult
    package func increase() -> Int {
        state.withLock { number in
            number += 1
            return number
        }
    }
}
