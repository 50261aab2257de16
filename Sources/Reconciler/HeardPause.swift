import MigrationKit

/// A pause that was only a message, since the server had no memory to store it: kept by whoever heard it, until it ends.
struct HeardPause: Sendable {
    private var order: Override?
    private var end: ContinuousClock.Instant?

    /// The order, while it lasts.
    func order(at now: ContinuousClock.Instant = .now) -> Override? {
        if let end, end <= now { return nil }
        return order
    }

    /// Hears a message.
    mutating func hear(_ message: WakeMessage, at now: ContinuousClock.Instant = .now) {
        switch message {
        case .look: break
        case .resume: self = HeardPause()
        case .pause(let order, let time):
            self.order = order
            end = time.map { now + $0 }
        }
    }
}
