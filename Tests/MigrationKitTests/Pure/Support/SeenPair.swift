@testable import MigrationKit

/// Observations in a short notation.
///
/// A side is `–` for nothing, a letter for its content, `?` for content of a type that is not compared, and `A@60` for
/// content that expires in 60 s. An entry is `A/B` for the source's and the destination's base, or `–`.
enum SeenPair {
    /// The server's time in all observations.
    static let now: Int64 = 1_700_000_000_000
    /// The name of the source in all observations.
    static let sourceName: UInt64 = 0x5EED

    /// An observation of what the notation says; `flags` holds `removing`, `another source`, `unfinished`,
    /// `destination is a source` and `deletes unseen`.
    static func of(_ source: String, _ destination: String, ledger: String, _ flags: String = "") -> PairObservation {
        var observation = PairObservation(
            source: side(source),
            destination: side(destination),
            entry: entry(ledger, flags),
            sourceName: sourceName,
            now: now
        )
        observation.destinationIsSource = flags.contains("destination is a source")
        observation.isUnfinished = flags.contains("unfinished")
        observation.deletesAreUnseen = flags.contains("deletes unseen")
        return observation
    }

    /// The side that a notation stands for.
    static func side(_ text: String) -> Side? {
        let parts = text.split(separator: "@")
        guard let letter = parts[0].unicodeScalars.first, letter != "–" else { return nil }
        let content = letter == "?" ? nil : Digest(low: UInt64(letter.value), high: 7)
        return Side(content: content, expiry: parts.count > 1 ? Int64(parts[1]).map { now + 1000 * $0 } : nil)
    }

    private static func entry(_ text: String, _ flags: String) -> LedgerEntry? {
        let sides = text.split(separator: "/").map(String.init)
        guard sides.count == 2, let source = side(sides[0]), let destination = side(sides[1]) else { return nil }
        return LedgerEntry(
            sourceName: flags.contains("another source") ? sourceName + 1 : sourceName,
            source: source,
            destination: destination,
            isRemoving: flags.contains("removing")
        )
    }
}
