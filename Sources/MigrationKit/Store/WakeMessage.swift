import RedisClient

/// What is said on the wake channel.
///
/// An order is stored, and the message only says that there is one. A server without memory stores nothing, and still
/// passes messages on: then the message is the order to pause, for whoever hears it.
public enum WakeMessage: Sendable, Equatable {
    /// Somebody gave an order: look.
    case look
    /// Pause until `resume`, for this long at most; nothing of it is stored.
    case pause(Override, for: Duration?)
    /// The pause that was only a message is over.
    case resume

    private struct Document: Codable {
        var order: Override
        var milliseconds: Bounded?
    }

    private static let pauseWord = Bytes("pause-unstored ")

    /// Reads a message; one that is not understood says at least that there is something to look at.
    public init(_ bytes: Bytes) {
        if bytes == Bytes(Event.Kind.resumed.rawValue) {
            self = .resume
        } else if bytes.starts(with: Self.pauseWord), bytes.count <= BookkeepingReads.mostBytes,
            let document = StoredDocument.decode(Document.self, from: Bytes(bytes.dropFirst(Self.pauseWord.count)))
        {
            self = .pause(document.order, for: document.milliseconds.map { .milliseconds($0.value) })
        } else {
            self = .look
        }
    }

    /// The message that is the order to pause.
    static func text(pause order: Override, for time: Duration?) throws -> Bytes {
        pauseWord
            + (try StoredDocument.encode(
                Document(order: order, milliseconds: time.flatMap { Bounded($0.milliseconds) })
            ))
    }
}

extension RedisError {
    /// Whether the server had no memory for what it was to store, and so nothing of it was done.
    public var isOutOfMemory: Bool { outcome == .notExecuted && serverCode == "OOM" }
}
