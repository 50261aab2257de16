import MigrationKit

/// The version that the configuration wants.
public enum Target: Sendable, Equatable {
    /// The newest that this program knows.
    case latest
    /// This one.
    case version(Int)

    /// The number, given the newest version known.
    public func resolved(latest: Int) -> Int {
        switch self {
        case .latest: return latest
        case .version(let version): return version
        }
    }
}

/// What the configuration asks of the reconciler.
public struct Desired: Sendable, Equatable {
    /// The version wanted.
    public var target: Target
    /// What phases wait for.
    public var gates: GatePolicy
    /// The time between catch-ups while a cleanup is pending; zero for only before cleanup.
    public var follow: Duration
    /// Whether to work on a server that may drop keys by itself.
    public var allowsEviction: Bool

    /// A wish, with the configuration's defaults.
    public init(
        target: Target,
        gates: GatePolicy = GatePolicy(),
        follow: Duration = .seconds(600),
        allowsEviction: Bool = false
    ) {
        self.target = target
        self.gates = gates
        self.follow = follow
        self.allowsEviction = allowsEviction
    }
}
