import RedisClient

/// How far a walk by SCAN or HSCAN may go before its end is no longer to be expected.
///
/// Both go by places in a table, and answer no more than they find in so many places. A table has more places than
/// elements, after many were removed far more, and elements may be added meanwhile. A peer that never answers the cursor 0
/// would otherwise never be done with.
/// Source: https://redis.io/docs/latest/commands/scan/
struct ScanBound: Sendable {
    /// How many elements there are, as the server counted them when the walk began.
    let count: Int
    /// How many may come besides, or have been there before.
    let slack: Int
    /// How many the server was asked for.
    private(set) var asked = 0

    /// The most places for each element: a server makes a table smaller that is emptier.
    private static let placesPerElement = 100

    /// The bound of a walk over so many elements.
    init(count: Int, slack: Int) {
        self.count = count
        self.slack = slack
    }

    /// Counts a page that was asked for so many elements and was not the last.
    ///
    /// Errors: `unexpectedReply` once the walk is longer than the count explains; `what` is what is counted.
    mutating func goOn(behind size: Int, of command: String, _ what: String) throws {
        asked += size
        guard asked / Self.placesPerElement >= count + slack else { return }
        throw RedisError(
            .unexpectedReply,
            "\(command) has not come to its end after \(asked) places, of \(count) \(what) that the server counts.",
            outcome: .notExecuted
        )
    }
}
