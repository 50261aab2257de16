import RedisClient

/// The stream of every transition and every override.
enum History {
    /// About how many entries are kept.
    static let length = 1000

    /// Adds an entry, in the transaction of what it tells of: `event` is the kind, then each fact that is known.
    static func append(_ event: Event, names: KeyNames, to commands: inout CommandBuffer) {
        var arguments = [names.history, Bytes("MAXLEN"), Bytes("~"), Bytes(decimal: length), Bytes("*")]
        arguments += [Bytes("event"), Bytes(event.kind.rawValue)]
        for (fact, value) in event.pairs { arguments += [Bytes(fact.rawValue), Bytes(value)] }
        commands.append("XADD", arguments)
    }
}

/// One entry of the history.
public struct HistoryEntry: Sendable, Equatable {
    /// When it was written, by the server's clock.
    public var time: Timestamp
    /// The entry's id in the stream.
    public var id: String
    /// The most fields of an entry that are kept, and the most bytes of a name or a value; none of ours has more.
    static let most = (fields: 50, bytes: 4096)

    /// Its fields in their order, `event` among them, as stored; what goes beyond all that these programs write is cut.
    public var fields: [(name: Bytes, value: Bytes)]

    /// The kind of event; nil for one that a newer program wrote.
    public var kind: Event.Kind? {
        text(of: "event").flatMap(Event.Kind.init)
    }

    /// The text of a field, if there is one.
    public func text(of name: String) -> String? {
        fields.first { $0.name == Bytes(name) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// Whether two entries are the same.
    public static func == (one: HistoryEntry, other: HistoryEntry) -> Bool {
        one.id == other.id && one.fields.elementsEqual(other.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    /// The entry in an element of the reply to XRANGE.
    init(_ reply: Reply) throws {
        let parts = Array(reply.elements)
        let words = parts.last?.bytes(ofFirst: 2 * Self.most.fields).compactMap { $0?.prefix(Self.most.bytes) } ?? []
        guard parts.count == 2, let id = parts[0].text,
            let time = id.split(separator: "-").first.flatMap({ Int64($0) }),
            words.count.isMultiple(of: 2)
        else {
            throw RedisError(.unexpectedReply, "XREVRANGE did not answer entries.", outcome: .notExecuted)
        }
        self.id = id
        // An id may be any number; what lies ten thousand years from here is no time.
        self.time = Timestamp(milliseconds: min(time, 1 << 48))
        fields = stride(from: 0, to: words.count, by: 2).map { (Bytes(words[$0]), Bytes(words[$0 + 1])) }
    }
}

extension SchemaStore {
    /// The last entries of the history, or the last of those about one migration; the newest last.
    ///
    /// Errors: `unreadable` for a history that is not a stream or is far longer than ours; those of the connection and of the
    /// server.
    public func history(
        last count: Int,
        about migration: String? = nil,
        on keyspace: any Keyspace
    ) async throws -> [HistoryEntry] {
        do {
            // Of one migration nobody knows beforehand how far back its entries are.
            let most = migration == nil ? count : History.length
            var pages = try await HistoryPages(names.history, most: most, on: keyspace)
            var entries: [HistoryEntry] = []
            while entries.count < count,
                let more = try await pages.next(atMost: migration == nil ? count - entries.count : most, on: keyspace)
            {
                entries += more.filter { migration == nil || $0.text(of: Event.Fact.migration.rawValue) == migration }
            }
            return entries.prefix(count).reversed()
        } catch let error as RedisError where error.serverCode == "WRONGTYPE" {
            throw MigrationError.unreadable(names.history, "is not a stream")
        }
    }

    /// The highest version that the history says was raised to; nil if it tells of none.
    ///
    /// From the newest entry on, a page at a time: versions only rise, so the first one found is the highest.
    /// Errors: `unreadable` for a history of far more than these programs keep, which may tell of a raise behind all that.
    func highestRaised(on keyspace: any Keyspace) async throws -> Int? {
        var pages = try await HistoryPages(names.history, most: 100, on: keyspace)
        while let entries = try await pages.next(atMost: .max, on: keyspace) {
            for entry in entries where entry.kind == .versionRaised || entry.kind == .versionAdopted {
                let text = entry.text(of: Event.Fact.schemaVersion.rawValue)
                if let version = text.flatMap({ Bounded(decimal: $0) }) { return version.value }
            }
        }
        return nil
    }
}
