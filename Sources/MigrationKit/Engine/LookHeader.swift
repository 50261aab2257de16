import RedisClient

/// What is true of a server at the moment of a look.
struct Moment {
    /// The server's time, in milliseconds.
    var now: Int64
    /// Whether there may be a hash some of whose fields will end by themselves.
    var mayHaveFieldEnds = false
    /// Fields that end until then, in milliseconds, count as ended: both sides are not read at the very same time, and
    /// in a cluster not by the same clock.
    var horizon: Int64
}

/// What a look begins with: the server's time and, where fields of hashes can end, whether there is any such hash.
///
/// That is told by INFO, of all databases together: HGETALL hides it, and to ask each hash takes its fields' names. A
/// field that gets its end later than that breaks the watch.
/// Source: https://redis.io/docs/latest/commands/info/
struct LookHeader {
    /// Whether fields of hashes can end.
    let asksForFieldEnds: Bool
    /// How close to its end a key or field counts as ended, in milliseconds.
    let expiringWithin: Int64

    /// How many replies `ask` brings.
    var replyCount: Int { asksForFieldEnds ? 2 : 1 }

    /// Adds the commands.
    func ask(in commands: inout CommandBuffer) {
        commands.append("TIME")
        askForFieldEnds(in: &commands)
    }

    /// Adds the command that tells of fields alone, where there is something to tell.
    func askForFieldEnds(in commands: inout CommandBuffer) {
        if asksForFieldEnds { commands.append("INFO", Bytes("keyspace")) }
    }

    /// What the replies to `ask` say.
    func read(_ replies: some Collection<Reply>) throws -> Moment {
        var next = replies.makeIterator()
        guard let time = next.next() else {
            throw RedisError(.unexpectedReply, "TIME did not answer.", outcome: .notExecuted)
        }
        let now = try ServerTime.read(time).milliseconds
        var moment = Moment(now: now, horizon: now + expiringWithin)
        if asksForFieldEnds { moment.mayHaveFieldEnds = try Self.mayHaveFieldEnds(next.next()) }
        return moment
    }

    /// What INFO says of hashes with fields that end; where it says nothing, there may be some.
    static func mayHaveFieldEnds(_ reply: Reply?) throws -> Bool {
        guard let text = try reply?.unlessError().text else {
            throw RedisError(.unexpectedReply, "INFO did not answer.", outcome: .notExecuted)
        }
        return text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("db") }.contains { line in
            let facts = line.split(separator: ":").dropFirst().joined().split(separator: ",")
            let counts = facts.filter { fact in Self.names.contains { fact.hasPrefix($0) } }
            return counts.isEmpty || counts.contains { !$0.hasSuffix("=0") }
        }
    }

    // Redis' name, and that of Valkey 9.0.
    private static let names = ["subexpiry=", "keys_with_volatile_items="]
}
