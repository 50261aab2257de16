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
    /// Its fields in their order, `event` among them, as stored.
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
        let words = parts.last?.elements.compactMap(\.bytes) ?? []
        guard parts.count == 2, let id = parts[0].text,
            let time = id.split(separator: "-").first.flatMap({ Int64($0) }),
            words.count.isMultiple(of: 2)
        else {
            throw RedisError(.unexpectedReply, "XREVRANGE did not answer entries.", outcome: .notExecuted)
        }
        self.id = id
        // An id may be any number; what lies ten thousand years from here is no time.
        self.time = Timestamp(milliseconds: min(time, 1 << 48))
        fields = stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) }
    }
}

extension SchemaStore {
    /// The last entries of the history, the newest last.
    ///
    /// Errors: `unreadable` for a history that is not a stream; those of the connection and of the server.
    public func history(last count: Int, on keyspace: any Keyspace) async throws -> [HistoryEntry] {
        do {
            let reply = try await keyspace.send(
                "XREVRANGE",
                names.history,
                Bytes("+"),
                Bytes("-"),
                Bytes("COUNT"),
                Bytes(decimal: count)
            )
            return try reply.elements.map(HistoryEntry.init).reversed()
        } catch let error as RedisError where error.serverCode == "WRONGTYPE" {
            throw MigrationError.unreadable(names.history, "is not a stream")
        }
    }

    /// The highest version that the history says was raised to; nil if it tells of none.
    ///
    /// From the newest entry on, a page at a time: versions only rise, so the first one found is the highest.
    func highestRaised(on keyspace: any Keyspace) async throws -> Int? {
        var end = Bytes("+")
        while true {
            let reply = try await keyspace.send(
                "XREVRANGE",
                names.history,
                end,
                Bytes("-"),
                Bytes("COUNT"),
                Bytes(decimal: Self.entriesPerPage)
            )
            let page = try reply.elements.map(HistoryEntry.init)
            for entry in page where entry.kind == .versionRaised || entry.kind == .versionAdopted {
                if let version = entry.text(of: Event.Fact.schemaVersion.rawValue).flatMap({ Int($0) }) {
                    return version
                }
            }
            guard page.count == Self.entriesPerPage, let last = page.last else { return nil }
            end = Bytes("(" + last.id)
        }
    }

    private static let entriesPerPage = 100
}
