import RedisClient

/// The fields of INFO by name, as the server spells them.
///
/// Shapes: sections begin with `# `; a field is `name:value`, each on a line of its own that ends with CR LF
/// (https://redis.io/docs/latest/commands/info/).
struct InfoFields: Sendable {
    /// Every field with its text.
    private(set) var all: [String: String] = [:]

    /// The fields in the replies to INFO, one reply a section.
    init(_ replies: some Sequence<Reply>) throws {
        for reply in replies {
            _ = try reply.unlessError().withBytes { add($0) }
        }
    }

    // By bytes: a text is taken apart Character by Character, which costs each program milliseconds at its start.
    private mutating func add(_ section: UnsafeRawBufferPointer) {
        for line in section.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[line.index(after: colon)...]
            all[String(decoding: line[..<colon], as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
    }

    /// A field's text.
    subscript(_ name: String) -> String? { all[name] }

    /// A field's number; nil where there is none.
    func number(_ name: String) -> Int? { all[name].flatMap { Int($0) } }
}
