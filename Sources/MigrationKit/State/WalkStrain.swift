/// What a walk does for the sake of a strained server, and why.
public struct WalkStrain: Sendable, Hashable, Codable {
    /// How much it holds back.
    public enum Degree: String, Sendable, Codable, CaseIterable {
        /// It works half of the time.
        case slowed
        /// It waits, and looks once a second whether it may go on.
        case stopped
    }

    /// How much it holds back.
    public var degree: Degree
    /// Why, with the figure: `memory is at 93 % of maxmemory`.
    public var reason: String

    /// A strain with its reason.
    public init(_ degree: Degree, _ reason: String) {
        self.degree = degree
        self.reason = reason
    }

    /// Both for people: `slowed: memory is at 93 % of maxmemory`.
    public var text: String { "\(degree.rawValue): \(reason)" }
}
