/// The configuration cannot be used; it lists everything that is wrong, so that one round of corrections is enough.
///
/// Programs print ``description`` and exit 78. No secret's value is in it.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order in which it was found; never empty.
    public let problems: [Problem]

    /// An error of these problems, which must be some.
    public init(problems: [Problem]) {
        self.problems = problems
    }

    /// Whether all of it stands on the command line.
    public var isOfCommandLine: Bool { problems.allSatisfy { $0.source == SettingOrigin.commandLine.source } }

    /// One line a problem.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

extension SettingsError {
    /// One thing that is wrong, where it stands, and the way out.
    public struct Problem: Sendable, Equatable, CustomStringConvertible {
        /// The file's path, "environment", "command line" or "configuration" when several sources are concerned.
        public let source: String
        /// The line in the file, from 1, where there is one.
        public let line: Int?
        /// The key or variable as it is written there, where there is one.
        public let key: String?
        /// What is wrong and what to write.
        public let message: String

        init(source: String, line: Int? = nil, key: String? = nil, _ message: String) {
            self.source = printable(source)
            self.line = line
            self.key = key.map { printable($0) }
            self.message = message
        }

        init(at origin: SettingOrigin, key: String? = nil, _ message: String) {
            self.init(source: origin.source, line: origin.line, key: key, message)
        }

        /// The problem in one line: source, line, key and message, each set off by a colon.
        public var description: String {
            var text = source
            if let line { text += ":\(line)" }
            if let key { text += ": \(key)" }
            return text + ": " + message
        }
    }
}
