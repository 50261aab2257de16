import RedisClient

/// What SCAN answers: where to go on, and some names.
struct ScanPage {
    /// The cursor behind it; 0 at the end.
    let cursor: Bytes
    /// The names, in an array.
    let names: Reply

    /// Whether there is no page behind it.
    var isLast: Bool { cursor == Bytes("0") }

    /// Reads a reply to SCAN.
    init(_ reply: Reply) throws {
        var parts = try reply.unlessError().elements
        guard let cursor = parts.next()?.bytes, let names = parts.next(), names.kind == .array else {
            throw RedisError(.unexpectedReply, "SCAN did not answer a cursor and names.", outcome: .notExecuted)
        }
        self.cursor = cursor
        self.names = names
    }
}
