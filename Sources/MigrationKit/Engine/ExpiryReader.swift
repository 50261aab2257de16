import RedisClient

/// When a key expires, as far as a server tells.
struct Expiry: Equatable {
    /// Milliseconds since 1970 by the server's clock; nil for never.
    var end: Int64?
    /// By how many milliseconds `end` may be too early.
    var slack: Int64 = 0
}

/// Asks when keys expire.
///
/// Before 7.0 a server tells only the time that is left. Its clock is asked just before and just after that: where both
/// are the same millisecond the sum is exact, and else it is too early by no more than lies between them.
struct ExpiryReader {
    /// Whether the server has PEXPIRETIME.
    let isExact: Bool
    /// Whether keys may move to other nodes: MIGRATE sends what is left of a time to live, so a key that was moved ends
    /// later by the time that took, and by as much as the nodes' clocks differ.
    var mayMove = false

    /// By how many milliseconds two readings of one key's expiry may differ beyond their slack. What was noted earlier had
    /// a slack of its own, of at most 2.
    var tolerance: Int64 { (isExact ? 0 : 2) + (mayMove ? 1000 : 0) }

    /// How many replies `ask` brings.
    var replyCount: Int { isExact ? 1 : 3 }

    /// Adds the commands.
    func ask(_ key: Bytes, in commands: inout CommandBuffer) {
        guard !isExact else { return commands.append("PEXPIRETIME", key) }
        commands.append("TIME")
        commands.append("PTTL", key)
        commands.append("TIME")
    }

    /// What the replies to `ask` say; nil where there is no key.
    func read(_ replies: some Collection<Reply>) throws -> Expiry? {
        var next = replies.makeIterator()
        guard !isExact else {
            let end = try number(next.next(), of: "PEXPIRETIME")
            return end == -2 ? nil : Expiry(end: end >= 0 ? end : nil)
        }
        let before = try time(next.next())
        let left = try number(next.next(), of: "PTTL")
        let after = try time(next.next())
        guard left >= 0 else { return left == -2 ? nil : Expiry(end: nil) }
        // The clock may have been set back between the two.
        let (end, overflows) = min(before, after).addingReportingOverflow(left)
        return Expiry(end: overflows ? .max : end, slack: abs(after - before))
    }

    private func number(_ reply: Reply?, of command: String) throws -> Int64 {
        guard let number = try reply?.unlessError().integer else {
            throw RedisError(.unexpectedReply, "\(command) did not answer a number.", outcome: .notExecuted)
        }
        return number
    }

    private func time(_ reply: Reply?) throws -> Int64 {
        guard let reply else {
            throw RedisError(.unexpectedReply, "TIME did not answer.", outcome: .notExecuted)
        }
        return try ServerTime.read(reply).milliseconds
    }
}
