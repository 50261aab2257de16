import RedisClient

/// The fields of INFO's sections, by name.
///
/// Source: https://redis.io/docs/latest/commands/info/
struct InfoFields: Sendable {
    /// Every field with its text.
    private(set) var all: [Substring: Substring] = [:]

    /// The fields in the replies to INFO, one reply a section.
    init(_ replies: some Sequence<Reply>) throws {
        for reply in replies {
            // CR LF is one Character: split by scalars' view of the line end.
            for line in (try reply.unlessError().text ?? "").split(whereSeparator: \.isNewline) {
                guard let colon = line.firstIndex(of: ":") else { continue }
                all[line[..<colon]] = line[line.index(after: colon)...]
            }
        }
    }

    /// A field's text.
    subscript(_ name: Substring) -> Substring? { all[name] }

    /// A field's number; nil where there is none.
    func number(_ name: Substring) -> Int? { all[name].flatMap { Int($0) } }
}
