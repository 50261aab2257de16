import Glibc

/// What a plain log line carries beside its facts, which depends on who reads it.
public struct PlainLogStyle: Equatable, Sendable {
    /// Whether a line begins with the time of day.
    public var showsTime: Bool

    /// Whether the level has a colour.
    public var usesColor: Bool

    /// Creates a style; without arguments, that of a pipe or a file.
    public init(showsTime: Bool = false, usesColor: Bool = false) {
        self.showsTime = showsTime
        self.usesColor = usesColor
    }

    /// Returns the style that suits a file descriptor.
    ///
    /// A terminal gets the time, and colours unless `NO_COLOR` (not empty, as no-color.org has it) or `TERM=dumb` is set.
    public static func suiting(descriptor: Int32, environment: [String: String]) -> PlainLogStyle {
        guard isatty(descriptor) == 1 else { return PlainLogStyle() }
        let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return PlainLogStyle(showsTime: true, usesColor: !refused && environment["TERM"] != "dumb")
    }
}
