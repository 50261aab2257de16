import RedisClient

/// The server's own clock: the only one by which soaks and expiries are measured.
enum ServerTime {
    /// The time in a reply to TIME.
    static func read(_ reply: Reply) throws -> Timestamp {
        let parts = try reply.unlessError().elements.compactMap { $0.text.flatMap { Int64($0) } }
        guard parts.count == 2, (0..<Int64(Bounded.most) / 1000).contains(parts[0]), (0..<1_000_000).contains(parts[1])
        else {
            throw RedisError(.unexpectedReply, "TIME did not answer seconds and microseconds.", outcome: .notExecuted)
        }
        return Timestamp(milliseconds: parts[0] * 1000 + parts[1] / 1000)
    }
}
