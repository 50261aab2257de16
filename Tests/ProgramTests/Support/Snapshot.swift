import RedisClient
import TestSupport

/// All that a keyspace holds, key by key, for comparison record by record.
struct Snapshot: Sendable, Equatable, CustomStringConvertible {
    /// One key's type, content in a fixed order, and expiry in absolute milliseconds (−1 for none).
    struct Record: Sendable, Equatable {
        var type: String
        var content: [String]
        var expiry: Int64
    }

    var records: [String: Record] = [:]

    /// Reads every key; those of the programs themselves only on request.
    static func read(from connection: RedisConnection, withBookkeeping: Bool = false) async throws -> Snapshot {
        let names = try await connection.send("KEYS", "*").elements.compactMap(\.text)
            .filter { withBookkeeping || !$0.hasPrefix("outpost:") }
        var looks = CommandBuffer()
        for name in names { looks.append("TYPE", name) }
        let expiries = try await connection.expiries(of: names.map { Bytes($0) })
        let facts = try await connection.pipeline(looks).unlessError()
        var reads = CommandBuffer()
        for (index, name) in names.enumerated() {
            reads.append(words: try contentCommand(of: name, type: facts[index].text ?? ""))
        }
        let contents = try await connection.pipeline(reads).unlessError()
        var snapshot = Snapshot()
        for (index, name) in names.enumerated() {
            let type = facts[index].text ?? ""
            snapshot.records[name] = Record(
                type: type,
                content: flat(contents[index], isUnordered: type == "hash" || type == "set"),
                expiry: expiries[index]
            )
        }
        return snapshot
    }

    private static func contentCommand(of name: String, type: String) throws -> [String] {
        switch type {
        case "hash": ["HGETALL", name]
        case "string": ["GET", name]
        case "list": ["LRANGE", name, "0", "-1"]
        case "set": ["SMEMBERS", name]
        case "zset": ["ZRANGE", name, "0", "-1", "WITHSCORES"]
        case "stream": ["XRANGE", name, "-", "+"]
        default: throw TestSupportError("\(name) is a \(type), which this snapshot cannot read.")
        }
    }

    private static func flat(_ reply: Reply, isUnordered: Bool) -> [String] {
        if let text = reply.text { return [text] }
        let parts = reply.elements.flatMap { flat($0, isUnordered: false) }
        guard isUnordered else { return parts }
        // A hash's fields stay with their values.
        let isHash = parts.count.isMultiple(of: 2)
        guard isHash else { return parts.sorted() }
        return stride(from: 0, to: parts.count, by: 2).map { "\(parts[$0])=\(parts[$0 + 1])" }.sorted()
    }

    var description: String { "\(records.count) keys" }

    /// In words, what differs from what it should be; nil where nothing does.
    func difference(from expected: Snapshot) -> String? {
        var lines: [String] = []
        for (name, record) in expected.records.sorted(by: { $0.key < $1.key }) {
            guard let found = records[name] else {
                lines.append("missing: \(name)")
                continue
            }
            if found != record { lines.append("\(name): \(found), and should be \(record)") }
        }
        for name in records.keys.sorted() where expected.records[name] == nil { lines.append("too many: \(name)") }
        guard !lines.isEmpty else { return nil }
        return lines.prefix(10).joined(separator: "\n") + (lines.count > 10 ? "\nand \(lines.count - 10) more" : "")
    }
}
