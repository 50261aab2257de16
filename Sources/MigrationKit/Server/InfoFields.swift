import RedisClient

/// The fields of INFO by name, as the server spells them.
///
/// Shapes: sections begin with `# `; a field is `name:value`, each on a line of its own that ends with CR LF
/// (https://redis.io/docs/latest/commands/info/).
struct InfoFields: Sendable {
    /// Every field with its text.
    private(set) var all: [String: String] = [:]
    /// What stood among the facts of replication and is none.
    private var misplaced: Set<String> = []

    /// The fields in the replies to INFO, one reply a section.
    ///
    /// Errors: `unexpectedReply` for a field that is told twice. Redis writes into INFO what its peers say of themselves
    /// as it is, a replica's address among it: whoever may be a replica could add lines, and the last one would count. That is
    /// the section on replication, in which a field of any other section therefore does not count at all.
    init(_ replies: some Sequence<Reply>) throws {
        for reply in replies {
            if let twice = try reply.unlessError().withBytes({ add($0) }) ?? nil { throw Self.toldTwice(twice) }
        }
        if let twice = misplaced.sorted().first(where: { all[$0] != nil }) { throw Self.toldTwice(twice) }
    }

    private static func toldTwice(_ name: String) -> RedisError {
        RedisError(
            .unexpectedReply,
            "INFO tells \(KeyText.escaped(Bytes(name), limit: 40)) twice, so nothing in it is believed: somebody has "
                + "written a line of his own into it, such as a replica into its address. CLIENT LIST TYPE replica "
                + "shows who is connected.",
            outcome: .notExecuted
        )
    }

    /// The first line of the section in which peers have a word. What they say stands behind it.
    private static let peersSection = "# replication"
    /// How the names of that section's fields begin.
    private static let peersFields = [
        "role", "connected_", "slave", "replica", "master_", "second_repl_", "repl_", "min_slaves_", "min_replicas_",
    ]

    // By bytes: a text is taken apart Character by Character, which costs each program milliseconds at its start.
    /// Adds a section; returns the field that it tells twice, or otherwise than another section did.
    private mutating func add(_ section: UnsafeRawBufferPointer) -> String? {
        var own: Set<String> = []
        let isOfPeers = section.prefix(Self.peersSection.utf8.count).elementsEqual(Self.peersSection.utf8) {
            $0 | 0x20 == $1 | 0x20
        }
        for line in section.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            let value = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
            if isOfPeers, !Self.peersFields.contains(where: name.hasPrefix) {
                misplaced.insert(name)
                continue
            }
            guard own.insert(name).inserted, all[name].map({ $0 == value }) ?? true else { return name }
            all[name] = value
        }
        return nil
    }

    /// A field's text.
    subscript(_ name: String) -> String? { all[name] }

    /// A field's number; nil where there is none, or one that no server counts.
    func number(_ name: String) -> Int? { all[name].flatMap { Bounded(decimal: $0)?.value } }

    /// A field's limit: 0 for none, and the highest number for a limit that is higher or cannot be read. What may be a limit
    /// counts as one.
    func limit(_ name: String) -> Int {
        guard let text = all[name] else { return 0 }
        return Bounded(decimal: text)?.value ?? Bounded.most
    }

    /// A field's place in a stream of bytes, which a busy server's passes all bounds in weeks; 0 where there is none. Two of
    /// them are only ever subtracted.
    func place(_ name: String) -> Int { Self.place(all[name]) }

    /// The place that a text tells.
    static func place(_ text: (some StringProtocol)?) -> Int { text.flatMap { Int($0) }.map { max(0, $0) } ?? 0 }

    /// A field's text for people, escaped.
    func shown(_ name: String) -> String? { all[name].map { KeyText.escaped(Bytes($0), limit: 60) } }
}
