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
}
