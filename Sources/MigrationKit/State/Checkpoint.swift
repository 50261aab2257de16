/// Where an interrupted apply goes on.
public struct Checkpoint: Sendable, Equatable, Codable {
    /// The cursor of SCAN all of whose earlier pages are committed.
    public var cursor: String
    /// The server process that the cursor belongs to.
    public var runID: String
    /// How many items the earlier pages held.
    public var processedItems: Int

    /// A checkpoint on one server process.
    public init(cursor: String, runID: String, processedItems: Int) {
        self.cursor = cursor
        self.runID = runID
        self.processedItems = processedItems
    }

    enum CodingKeys: String, CodingKey {
        case cursor
        case runID = "run_id"
        case processedItems = "processed_items"
    }
}
