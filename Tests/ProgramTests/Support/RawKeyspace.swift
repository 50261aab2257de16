import MigrationKit
import RedisClient
import TestSupport

/// All keys of a database with names and contents of any bytes, for comparison key by key.
struct RawKeyspace: Sendable, Equatable {
    /// One key.
    struct Record: Sendable, Equatable, CustomStringConvertible {
        /// What TYPE answers.
        var type: String
        /// The content in a fixed order: fields and values by field, members in order.
        var content: [Bytes]
        /// Absolute milliseconds; −1 for none.
        var expiry: Int64

        /// A hash.
        static func hash(_ fields: KeyValuePairs<Bytes, Bytes>, expiry: Int64 = -1) -> Record {
            let sorted = fields.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return Record(type: "hash", content: sorted.flatMap { [$0.key, $0.value] }, expiry: expiry)
        }

        var description: String {
            "\(type) \(content.map { KeyText.escaped($0) })\(expiry < 0 ? "" : " until \(expiry)")"
        }
    }

    var records: [Bytes: Record] = [:]

    /// Reads every key; `isOurs` tells those that are listed by name alone.
    static func read(from connection: RedisConnection, without isOurs: (Bytes) -> Bool) async throws -> RawKeyspace {
        var keyspace = RawKeyspace()
        for name in try await names(on: connection) where !isOurs(name) {
            let type = try await connection.send("TYPE", name).text ?? ""
            let expiry = try await connection.expiry(of: name)
            let content = try await content(of: name, type: type, on: connection)
            keyspace.records[name] = Record(type: type, content: content, expiry: expiry)
        }
        return keyspace
    }

    /// The names of all keys.
    static func names(on connection: RedisConnection) async throws -> Set<Bytes> {
        var names: Set<Bytes> = []
        var cursor = Bytes("0")
        repeat {
            let page = Array(try await connection.send("SCAN", cursor, Bytes("COUNT"), Bytes("1000")).elements)
            cursor = page[0].bytes ?? Bytes("0")
            for name in page[1].elements { if let bytes = name.bytes { names.insert(bytes) } }
        } while cursor != Bytes("0")
        return names
    }

    private static func content(of name: Bytes, type: String, on connection: RedisConnection) async throws -> [Bytes] {
        switch type {
        case "hash":
            let words = try await connection.send("HGETALL", name).elements.compactMap(\.bytes)
            let pairs = stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
            return pairs.sorted { $0.0.lexicographicallyPrecedes($1.0) }.flatMap { [$0.0, $0.1] }
        case "string": return [try await connection.send("GET", name).bytes ?? []]
        case "list":
            return try await connection.send("LRANGE", name, Bytes("0"), Bytes("-1")).elements.compactMap(\.bytes)
        case "set":
            let members = try await connection.send("SMEMBERS", name).elements.compactMap(\.bytes)
            return members.sorted { $0.lexicographicallyPrecedes($1) }
        case "zset":
            return try await connection.send("ZRANGE", name, Bytes("0"), Bytes("-1"), Bytes("WITHSCORES")).elements
                .compactMap(\.bytes)
        // Its bytes: nobody writes to it here.
        case "stream": return [try await connection.send("DUMP", name).bytes ?? []]
        default: throw TestSupportError("\(KeyText.escaped(name)) is a \(type), which cannot be compared here.")
        }
    }

    /// In words, what differs from what it should be; nil where nothing does.
    func difference(from expected: RawKeyspace) -> String? {
        var lines: [String] = []
        for name in Set(records.keys).union(expected.records.keys) {
            let text = KeyText.escaped(name)
            switch (records[name], expected.records[name]) {
            case (let found?, let wanted?):
                if found != wanted { lines.append("\(text): \(found), and should be \(wanted)") }
            case (nil, let wanted?): lines.append("missing: \(text): \(wanted)")
            case (let found?, nil): lines.append("too many: \(text): \(found)")
            case (nil, nil): break
            }
        }
        return lines.isEmpty ? nil : lines.sorted().joined(separator: "\n")
    }
}
