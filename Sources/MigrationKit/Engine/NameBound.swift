import RedisClient

/// How long a key's name may be that is asked about.
///
/// A name can be read in many ways, and each takes questions about keys whose names are nearly as long: what is sent grows with
/// fifty times the length of a name. Nobody gives a key such a name on purpose.
enum NameBound {
    /// The most bytes.
    static let most = 4096
    /// The same for people.
    static let text = "4 KiB"

    /// How many bytes the questions about a name may have.
    static func questionBytes(_ name: Bytes) -> Int { 200 + 50 * min(name.count, most) }
    /// How many bytes the questions of one request may have.
    static let mostQuestionBytes = 4 << 20

    /// Divides off the names that are longer.
    static func divide(_ names: [Bytes]) -> (short: [Bytes], long: [Bytes]) {
        guard names.contains(where: { $0.count > most }) else { return (names, []) }
        return (names.filter { $0.count <= most }, names.filter { $0.count > most })
    }
}
