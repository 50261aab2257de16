/// Where an interrupted apply goes on.
public struct Checkpoint: Sendable, Equatable, Codable {
    /// For each server process, by its run id, the cursor of SCAN all of whose earlier pages are committed; `end` for a
    /// server that was walked to its end.
    public var cursors: [String: String]
    /// How many items the earlier pages held.
    public var processedItems: Int

    /// A checkpoint on these server processes.
    public init(cursors: [String: String], processedItems: Int) {
        self.cursors = cursors
        self.processedItems = processedItems
    }

    /// What stands for a cursor where a walk is done.
    static let end = "end"

    enum CodingKeys: String, CodingKey {
        case cursors
        case processedItems = "processed_items"
    }

    /// Reads a checkpoint; what is no cursor is refused, since it would be sent.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        cursors = try container.decode([String: String].self, forKey: .cursors)
        processedItems = try container.bounded(.processedItems)
        guard cursors.count <= 1000, cursors.values.allSatisfy(Self.isCursor) else {
            throw DecodingError.dataCorruptedError(
                forKey: .cursors,
                in: container,
                debugDescription: "are not the cursors of SCAN on at most 1,000 servers"
            )
        }
    }

    /// A cursor may be any number of 64 bits: nobody reckons with it.
    private static func isCursor(_ text: String) -> Bool {
        text == end || UInt64(text).map { String($0) == text } ?? false
    }
}
