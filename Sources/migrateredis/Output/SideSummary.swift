import MigrationKit
import Reconciler
import RedisClient

/// What a key is now, without its values.
struct SideSummary: Sendable, Equatable {
    /// What TYPE says; `none` for a key that is not there.
    var type: String
    /// What MEMORY USAGE says; nil where the server has none.
    var bytes: Int?
    /// When it expires; nil for never.
    var expiry: Timestamp?
    /// Of a hash that is not large: a digest of each value by its field.
    var fields: [Bytes: Int]?

    struct Record: Encodable {
        var type: String
        var bytes: Int?
        var fields: Int?
        var expiresAt: String?

        enum CodingKeys: String, CodingKey {
            case type, bytes, fields
            case expiresAt = "expires_at"
        }
    }

    var record: Record {
        let isThere = type != "none"
        return Record(type: type, bytes: isThere ? bytes : nil, fields: fields?.count, expiresAt: expiry?.rfc3339)
    }

    /// `hash, 3 fields, 184 B, expires 2026-…`.
    var text: String {
        guard type != "none" else { return "is not there" }
        var parts = [KeyText.escaped(Bytes(type))]
        if let fields { parts.append("\(Wording.number(fields.count)) \(fields.count == 1 ? "field" : "fields")") }
        if let bytes { parts.append(Wording.bytes(bytes)) }
        parts.append(expiry.map { "expires \($0.rfc3339)" } ?? "never expires")
        return parts.joined(separator: ", ")
    }

    /// The names of at most five fields that are not equal, escaped, and `the expiry`.
    func differing(from other: SideSummary) -> [String] {
        guard type != "none", other.type != "none" else { return [] }
        guard type == other.type else { return ["type"] }
        var names: [String] = []
        if let fields, let others = other.fields {
            let differing = Set(fields.keys).union(others.keys).filter { fields[$0] != others[$0] }
            names = differing.map { KeyText.escaped($0, limit: 40) }.sorted()
            if names.count > 5 { names = names.prefix(5) + ["\(names.count - 5) more"] }
        }
        let apart = (expiry?.milliseconds ?? 0) - (other.expiry?.milliseconds ?? 0)
        if (expiry == nil) != (other.expiry == nil) || apart.magnitude > 2000 { names.append("the expiry") }
        return names
    }

    /// Larger hashes are not looked into.
    private static let most = 1 << 20

    private static func bytes(_ reply: Reply) throws -> Int? {
        guard reply.kind == .error else { return try reply.bounded("MEMORY USAGE") ?? 0 }
        return nil
    }

    /// Reads keys, in their order; a key that is not there is one of type `none`.
    static func read(_ keys: [Bytes], on keyspace: any Keyspace) async throws -> [SideSummary] {
        var questions = RoutedCommands(for: keyspace)
        for key in keys {
            questions.add(for: key) { commands in
                commands.append("TYPE", key)
                commands.append("MEMORY", Bytes("USAGE"), key)
                commands.append("PTTL", key)
            }
        }
        let asked = Timestamp.now
        let replies = try await keyspace.pipeline(questions)
        var summaries = try keys.indices.map { index in
            // A time to live may be any number; what lies ten thousand years from here is no time.
            let left = min(try replies[3 * index + 2].unlessError().integer ?? -1, Int64(Bounded.most))
            return SideSummary(
                type: try replies[3 * index].unlessError().text ?? "none",
                bytes: try bytes(replies[3 * index + 1]),
                expiry: left < 0 ? nil : Timestamp(milliseconds: (asked.milliseconds + left) / 1000 * 1000)
            )
        }
        // Of how many bytes it is may be unknown; then nobody asks for all of them.
        let isKnown = { (index: Int) in summaries[index].bytes.map { $0 <= most } ?? false }
        let hashes = summaries.indices.filter { summaries[$0].type == "hash" && isKnown($0) }
        // One by one where they are large: of what is held some may be larger than the server says, or than it sends.
        var rest = hashes[...]
        while !rest.isEmpty {
            var bytes = 0
            let part = rest.prefix { index in
                defer { bytes += summaries[index].bytes ?? 0 }
                return bytes == 0 || bytes + (summaries[index].bytes ?? 0) <= most
            }
            rest = rest.dropFirst(part.count)
            for (index, fields) in zip(part, try await fields(of: part.map { keys[$0] }, bytes, on: keyspace)) {
                summaries[index].fields = fields
            }
        }
        return summaries
    }

    /// The fields of hashes that take about so many bytes together; nil for all if they take more, or the server hangs up.
    private static func fields(
        of keys: [Bytes],
        _ bytes: Int,
        on keyspace: any Keyspace
    ) async throws -> [[Bytes: Int]?] {
        var contents = RoutedCommands(for: keyspace)
        for key in keys {
            contents.add(for: key) { commands in
                commands.expect(replyBytes: 5 * bytes)
                commands.append("HGETALL", key)
            }
        }
        do {
            return try await keyspace.pipeline(contents).map { reply in
                guard reply.kind == .array else { return nil }
                let words = reply.elements.compactMap(\.bytes)
                return Dictionary(
                    stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1].hashValue) },
                    uniquingKeysWith: { first, _ in first }
                )
            }
        } catch let error as RedisError where [.replyTooLarge, .disconnected].contains(error.code) {
            _ = try await keyspace.reopen()
            return keys.map { _ in nil }
        }
    }
}
