import RedisClient

/// All that a keyspace holds, key by key, for comparison record by record.
package struct Snapshot: Sendable, Equatable, CustomStringConvertible {
    /// One key's type, content in a fixed order, and expiry in absolute milliseconds (−1 for none).
    package struct Record: Sendable, Equatable {
        package var type: String
        package var content: [String]
        package var expiry: Int64

        /// A key of which everything is known.
        package init(type: String, content: [String], expiry: Int64) {
            self.type = type
            self.content = content
            self.expiry = expiry
        }
    }

    package var records: [String: Record] = [:]

    /// An empty keyspace.
    package init() {}

    /// Reads every key; those of the programs themselves only on request.
    package static func read(from connection: RedisConnection, withBookkeeping: Bool = false) async throws -> Snapshot {
        let names = try await connection.send("KEYS", "*").elements.compactMap(\.text)
            .filter { withBookkeeping || !$0.hasPrefix("outpost:") && !$0.hasPrefix(".outpost:") }
        var looks = CommandBuffer()
        for name in names { looks.append("TYPE", name) }
        let expiries = try await connection.expiries(of: names.map { Bytes($0) })
        let facts = try await connection.pipeline(looks).unlessError()
        // A key may have come to its end since it was listed.
        let isThere = facts.map { $0.text != "none" }
        var reads = CommandBuffer()
        for (index, name) in names.enumerated() where isThere[index] {
            reads.append(words: contentCommand(of: name, type: facts[index].text ?? ""))
        }
        var contents = try await connection.pipeline(reads).unlessError().makeIterator()
        var snapshot = Snapshot()
        for (index, name) in names.enumerated() where isThere[index] {
            let type = facts[index].text ?? ""
            let elements = contents.next().map { Self.content($0, of: type) } ?? []
            guard !elements.isEmpty || type == "stream" else { continue }
            snapshot.records[name] = Record(
                type: type,
                content: elements,
                expiry: expiries[index]
            )
        }
        return snapshot
    }

    private static func contentCommand(of name: String, type: String) -> [String] {
        switch type {
        case "hash": ["HGETALL", name]
        case "string": ["GET", name]
        case "list": ["LRANGE", name, "0", "-1"]
        case "set": ["SMEMBERS", name]
        case "zset": ["ZRANGE", name, "0", "-1", "WITHSCORES"]
        case "stream": ["XRANGE", name, "-", "+"]
        // A type of a module.
        default: ["DUMP", name]
        }
    }

    private static func content(_ reply: Reply, of type: String) -> [String] {
        let parts = flat(reply)
        switch type {
        case "set": return parts.sorted()
        // A hash's fields stay with their values.
        case "hash": return stride(from: 0, to: parts.count, by: 2).map { "\(parts[$0])=\(parts[$0 + 1])" }.sorted()
        default: return parts
        }
    }

    private static func flat(_ reply: Reply) -> [String] { reply.text.map { [$0] } ?? reply.elements.flatMap(flat) }

    package var description: String { "\(records.count) keys" }

    /// In words, what differs from what it should be; nil where nothing does. Expiries may be so much later: that is how
    /// MIGRATE leaves them.
    package func difference(from expected: Snapshot, expiriesWithin slack: Int64 = 0) -> String? {
        var lines: [String] = []
        for (name, record) in expected.records.sorted(by: { $0.key < $1.key }) {
            guard let found = records[name] else {
                lines.append("missing: \(name)")
                continue
            }
            var due = record
            if record.expiry >= 0, (record.expiry...record.expiry + slack).contains(found.expiry) {
                due.expiry = found.expiry
            }
            if found != due { lines.append("\(name): \(found), and should be \(record)") }
        }
        for name in records.keys.sorted() where expected.records[name] == nil { lines.append("too many: \(name)") }
        guard !lines.isEmpty else { return nil }
        return lines.prefix(10).joined(separator: "\n") + (lines.count > 10 ? "\nand \(lines.count - 10) more" : "")
    }
}
