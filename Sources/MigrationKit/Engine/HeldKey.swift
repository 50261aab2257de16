import RedisClient

/// A key that a walk left alone for a person, while the walk goes on.
public struct HeldKey: Sendable, Equatable {
    /// The old name, or the only one.
    public var key: Bytes
    /// The new name, where there is a pair.
    public var destination: Bytes?
    /// Why it is held: the word of a ``HeldReason``.
    public var reason: String
    /// The field that stands in the way, where it is one.
    public var stored: StoredField?

    /// Whether the name is too long to be asked about, or to be typed.
    public var hasLongName: Bool { key.count > NameBound.most }

    /// A key with its reason.
    init(_ key: Bytes, destination: Bytes? = nil, reason: String, stored: StoredField? = nil) {
        self.key = key
        self.destination = destination
        self.reason = reason
        self.stored = stored
    }
}

/// Hands over held keys as they are found, so that memory does not grow with their number.
struct HeldKeyStream {
    private let receiver: (@Sendable ([HeldKey]) async throws -> Void)?
    private var waiting: [HeldKey] = []

    init(_ receiver: (@Sendable ([HeldKey]) async throws -> Void)?) {
        self.receiver = receiver
    }

    /// Notes one; at most a page of them waits.
    mutating func add(_ key: @autoclosure () -> HeldKey) {
        if receiver != nil { waiting.append(key()) }
    }

    /// Hands over those that wait.
    mutating func flush() async throws {
        guard let receiver, !waiting.isEmpty else { return }
        let batch = waiting
        waiting = []
        try await receiver(batch)
    }
}
