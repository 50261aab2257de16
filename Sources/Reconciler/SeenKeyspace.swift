import MigrationKit

/// The highest that a process has seen of a keyspace, as it outlives the process.
public struct SeenKeyspace: Sendable, Equatable, Codable {
    /// What was last known of a migration's state.
    public struct Known: Sendable, Equatable, Codable {
        /// Its phase; nil where only the epoch is known.
        public var phase: Phase?
        /// The highest epoch under which it was written.
        public var epoch: UInt64 = 0

        /// Nothing known.
        public init() {}
    }

    /// The highest schema version.
    public var version = 0
    /// What is known of each migration, by its name.
    public var states: [String: Known] = [:]

    /// Nothing seen.
    public init() {}

    /// Whether there is nothing to remember.
    public var isEmpty: Bool { self == SeenKeyspace() }
}

/// Where a process keeps what it has seen, so that the next one notices what went backwards in between.
///
/// What cannot be read or written is not remembered: that is what a process did without such a place.
public protocol SeenKeyspaceStore: Sendable {
    /// What was kept last; nil for nothing.
    func load() -> SeenKeyspace?
    /// Keeps this in the place of what was kept before.
    func save(_ seen: SeenKeyspace)
}
