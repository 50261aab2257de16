import RedisClient

/// Walks the history from its newest entry on, in pages of a bounded size.
///
/// Others may have written entries of any size and number. Where the stream is larger than ours ever is, pages begin small,
/// grow while they fit, and shrink once a reply was too large; the walk ends with an error behind far more than these
/// programs keep.
struct HistoryPages {
    private let key: Bytes
    /// The most entries to ask for at once.
    private var most: Int
    /// How many entries to ask for next.
    private var size: Int
    private var end: Bytes? = Bytes("+")
    private var entriesLeft = 10 * History.length
    private var pagesLeft = 200

    /// What a page may take; a thousand entries of ours take a fraction of it.
    private static let pageBytes = 8 << 20

    /// The pages of a stream, each of `most` entries at most.
    ///
    /// Errors: those of the connection.
    init(_ key: Bytes, most: Int, on keyspace: any Keyspace) async throws {
        self.key = key
        self.most = most
        var question = RoutedCommands(for: keyspace)
        question.add(for: key) {
            $0.append("MEMORY", Bytes("USAGE"), key, Bytes("SAMPLES"), Bytes("0"))
        }
        let answer = try await keyspace.pipeline(question)[0]
        // A service without MEMORY tells nothing: entries of any size may stand there.
        let fits = try answer.error == nil && answer.bounded("MEMORY USAGE") ?? 0 <= Self.pageBytes
        size = fits ? most : min(most, 10)
    }

    /// The next entries, the newest first; nil behind the last one.
    ///
    /// Errors: `unreadable`; those of the connection and of the server, `WRONGTYPE` among them.
    mutating func next(atMost count: Int, on keyspace: any Keyspace) async throws -> [HistoryEntry]? {
        guard let end else { return nil }
        while true {
            guard entriesLeft > 0, pagesLeft > 0 else {
                throw MigrationError.unreadable(
                    key,
                    "holds far more than these programs write; XTRIM with MAXLEN \(History.length) keeps what counts"
                )
            }
            pagesLeft -= 1
            let asked = min(size, count)
            do {
                let entries = try await entries(asked, before: end, on: keyspace)
                self.end = entries.count == asked ? entries.last.map { Bytes("(\($0.id)") } : nil
                entriesLeft -= entries.count
                size = min(most, 2 * size)
                return entries.isEmpty ? nil : entries
            } catch let error as RedisError where error.code == .replyTooLarge {
                guard asked > 1 else {
                    throw MigrationError.unreadable(key, "has an entry far longer than those of these programs")
                }
                _ = try await keyspace.connection(for: key).reopen()
                size = max(1, asked / 10)
                most = size
            }
        }
    }

    private func entries(_ count: Int, before end: Bytes, on keyspace: any Keyspace) async throws -> [HistoryEntry] {
        var question = RoutedCommands(for: keyspace)
        question.add(for: key) { commands in
            commands.expect(replyBytes: Self.pageBytes)
            commands.append("XREVRANGE", key, end, Bytes("-"), Bytes("COUNT"), Bytes(decimal: count))
        }
        let reply = try await keyspace.pipeline(question)[0].unlessError()
        return try reply.elements.map { try HistoryEntry($0) }
    }
}
