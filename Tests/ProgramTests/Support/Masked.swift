import Foundation

/// The text of a program without what differs from run to run: times, sizes, names of this host.
struct Masked {
    private let replacements: [(pattern: Regex<AnyRegexOutput>, by: String)]

    /// Masks the names given, such as a path, besides what is always masked.
    init(_ names: [String: String]) throws {
        let host = ProcessInfo.processInfo.hostName
        var replacements: [(String, String)] = names.map { (Self.quoted($0.key), $0.value) }
        replacements += [
            ("[a-z0-9_-]+@" + Self.quoted(host), "SOMEBODY@HOST"),
            (Self.quoted(host), "HOST"),
            (#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"#, "TIME"),
            (#"\b[0-9a-f]{32,40}\b"#, "TOKEN"),
            (#"process \d+"#, "process PID"),
            (#""epoch": \d+"#, "\"epoch\": N"),
            (#"\b\d+-\d+\b"#, "ID"),
            (#"\b[\d,.]+ ?(ms|s|min|h|seconds?|minutes?|hours?)\b"#, "DURATION"),
            (#"\b[\d,.]+ ?(B|KiB|MiB|GiB)\b"#, "SIZE"),
            (#"version \d+\.\d+\.\d+"#, "version OF-THE-SERVER"),
            (#"[\d,]+/s"#, "RATE"),
            (#"DURATION( DURATION)+"#, "DURATION"),
            (#"\b\d{13}\b"#, "MILLISECONDS"),
            (#""expires_in_s" : \d+"#, "\"expires_in_s\" : SECONDS"),
            (#"\d+\.\d+\.\d+"#, "VERSION"),
            // Which keys a server lists first is its secret.
            (#"such as tenant[^.]*|such as queue[^.]*|such as session[^.]*"#, "such as SAMPLES"),
            (#"(?m)^  tenant:\S+ → \S+$"#, "  SAMPLE"),
        ]
        self.replacements = try replacements.map { (try Regex($0.0), $0.1) }
    }

    private static func quoted(_ text: String) -> String { NSRegularExpression.escapedPattern(for: text) }

    /// The text with masks.
    func text(_ text: String) -> String {
        replacements.reduce(text) { $0.replacing($1.pattern, with: $1.by) }
    }
}
