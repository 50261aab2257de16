import MigrationKit
import Synchronization

/// What others ask of a running reconciler: to stop, to look at once, to take a new configuration.
public final class ReconcilerControl: Sendable {
    private struct State {
        var isStopping = false
        var isWoken = false
        var sleeper: CheckedContinuation<Void, Never>?
        var configuration: ReconcilerConfiguration?
        var orders: StepOrders?
        var limits: LiveLimits?
        var pause = HeardPause()
    }

    private let state = Mutex(State())

    /// A control that asks nothing.
    public init() {}

    /// Whether to stop at the next safe point.
    public var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Asks to stop at the next safe point.
    public func stop() {
        state.withLock { $0.isStopping = true }
        wake()
    }

    /// Ends a wait between passes, or the next one if none is under way.
    public func wake() {
        let sleeper = state.withLock { state in
            let sleeper = state.sleeper
            state.sleeper = nil
            state.isWoken = sleeper == nil
            return sleeper
        }
        sleeper?.resume()
    }

    /// A person gave an order: a step that runs looks whether it is to stop, and a wait ends.
    public func heard(_ message: WakeMessage) {
        let orders = state.withLock { state in
            state.pause.hear(message)
            return state.orders
        }
        orders?.hear(message)
        wake()
    }

    /// The pause that was only a message, while it lasts.
    var heardPause: Override? { state.withLock { $0.pause.order() } }

    /// A pause that is stored takes the place of one that was only a message.
    func stored(_ pause: Override) {
        state.withLock { $0.pause = HeardPause() }
    }

    /// The orders that the step in hand looks at; nil between steps.
    func follow(_ orders: StepOrders?) {
        state.withLock { $0.orders = orders }
    }

    /// The limits of the step in hand; nil between steps.
    func govern(_ limits: LiveLimits?) {
        state.withLock { state in
            if let configuration = state.configuration { limits?.current = configuration.limits }
            state.limits = limits
        }
    }

    /// Hands over a new configuration, which holds from the next pass; its limits also in the step in hand.
    public func reload(_ configuration: ReconcilerConfiguration) {
        state.withLock { state in
            state.configuration = configuration
            state.limits?.current = configuration.limits
        }
        wake()
    }

    /// The new configuration, once.
    func takeConfiguration() -> ReconcilerConfiguration? {
        state.withLock { state in
            let configuration = state.configuration
            state.configuration = nil
            return configuration
        }
    }

    /// Waits for a time, or until woken.
    public func sleep(for duration: Duration) async {
        var timer: Task<Void, Never>?
        await withCheckedContinuation { continuation in
            let isWoken = state.withLock { state in
                if !state.isWoken, !state.isStopping {
                    state.sleeper = continuation
                    return false
                }
                state.isWoken = false
                return true
            }
            if isWoken {
                continuation.resume()
            } else {
                timer = Task {
                    try? await Task.sleep(for: duration)
                    if !Task.isCancelled { endSleep() }
                }
            }
        }
        timer?.cancel()
    }

    private func endSleep() {
        let sleeper = state.withLock { state in
            let sleeper = state.sleeper
            state.sleeper = nil
            return sleeper
        }
        sleeper?.resume()
    }
}
