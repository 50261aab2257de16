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

        /// Reads a secret from its file, as at a time after the settings were read.
        ///
        /// Errors: the file's name and what is wrong with it, in a sentence.
        public init(file path: String) throws(SettingsError) {
            do {
                value = try SecretFile.read(path).secret
            } catch {
                throw SettingsError(problems: [.init(source: error.path, error.reason)])
            }
            guard !value.isEmpty else { throw SettingsError(problems: [.init(source: path, "is empty")]) }
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
