extension Settings {
    /// The schema version that the data is to follow.
    public enum SchemaTarget: Sendable, Equatable {
        /// The newest version that this program knows.
        case latest
        /// A version by number, 0 or more.
        case version(Int)
    }

    /// Which schema is wanted, and whose.
    public struct Schema: Sendable, Equatable {
        /// The wanted version; nil when nothing names one, which the daemon does not accept. Default: nil.
        public var target: SchemaTarget?
        /// The prefix of all keys, without its colon; empty means none. Default: empty.
        public var deploymentID = ""

        /// Creates the defaults.
        public init() {}
    }
}
