extension Settings {
    /// A text that no log, error or dump shows.
    ///
    /// Every way in which Swift prints a value by itself says "(secret)"; only ``value`` and ``bytes`` give it away.
    public struct Secret: Sendable, Equatable {
        /// The text itself.
        public let value: String

        /// Wraps a text.
        public init(_ value: String) {
            self.value = value
        }

        /// The text in UTF-8, as it goes over the wire.
        public var bytes: [UInt8] { Array(value.utf8) }
    }
}

extension Settings.Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What stands for a secret wherever one would be printed.
    static let redacted = "(secret)"

    /// Always "(secret)".
    public var description: String { Self.redacted }

    /// Always "(secret)".
    public var debugDescription: String { Self.redacted }

    /// A mirror without children, so that `dump` finds nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
