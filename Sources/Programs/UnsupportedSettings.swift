import Settings

/// Settings that are understood, and that this version cannot do yet: refused rather than passed over.
public struct UnsupportedSettings: Error, Sendable, Equatable, CustomStringConvertible {
    /// The keys, each with what it asks for.
    public var problems: [String]

    /// One line a key.
    public var description: String { problems.joined(separator: "\n") }

    /// Throws if the settings ask for something that this version cannot do.
    static func check(_ settings: Settings) throws {
        var problems: [String] = []
        if settings.metrics.textfile != nil {
            problems.append("metrics.textfile: metrics are not supported by this version.")
        }
        guard problems.isEmpty else { throw UnsupportedSettings(problems: problems) }
    }
}
