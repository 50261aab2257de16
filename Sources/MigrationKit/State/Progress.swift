/// How many items a phase has seen.
public struct Progress: Sendable, Equatable, Codable {
    /// How many there are, by the plan's count.
    public var totalItems = 0
    /// How many are done, whether they needed work or not.
    public var processedItems = 0
    /// How many are held back.
    public var failedItems = 0
    /// How many needed no work.
    public var skippedItems = 0
    /// What holds the walk back, for the sake of the server.
    public var strain: WalkStrain?

    /// Nothing yet.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case totalItems = "total_items"
        case processedItems = "processed_items"
        case failedItems = "failed_items"
        case skippedItems = "skipped_items"
        case strain
    }

    /// Reads counts; one that another tool leaves out is 0.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        totalItems = try container.boundedIfPresent(.totalItems) ?? 0
        processedItems = try container.boundedIfPresent(.processedItems) ?? 0
        failedItems = try container.boundedIfPresent(.failedItems) ?? 0
        skippedItems = try container.boundedIfPresent(.skippedItems) ?? 0
        // Whatever another tool may keep under this name.
        strain = try? container.decodeIfPresent(WalkStrain.self, forKey: .strain)
    }
}
