import ArgumentParser

/// The original's ways to write options, which are those of Go's package `flag`, put into those of the argument parser.
public enum Spelling {
    /// Options that are said or not said; each may have `=true` or `=false` behind it.
    public static let flags: Set<String> = [
        "verbose", "force", "auto-approve", "yes", "y", "quiet", "q", "watch", "check", "check-config", "all",
    ]
    /// Options with a value.
    public static let valued: Set<String> = [
        "config", "c", "instance", "env-file", "redis-host", "redis-port", "redis-database", "redis-socket",
        "redis-password",
        "migration", "output", "o", "held", "count", "sample", "accept-in-use", "reason", "for", "keep", "reason-is",
        "target", "timeout",
    ]
    /// Options with a value that stand for "true" when nothing follows them.
    public static let switches: Set<String> = ["redis-tls-enabled", "redis-cluster-enabled"]
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "1", "0", "t", "f"]

    /// A boolean as Go's strconv.ParseBool reads it.
    static func goBoolean(_ text: some StringProtocol) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    /// The arguments as the parser takes them: a flag with `=true` without it, one with `=false` not at all, and a switch
    /// with its value behind an equals sign.
    ///
    /// What follows a switch counts as its value only if it is one: `-redis-tls-enabled status` asks for the status. What
    /// follows `--` is left as it is.
    ///
    /// Errors: a flag with a value that is no boolean.
    public static func normalized(_ arguments: [String]) throws(ValidationError) -> [String] {
        var result: [String] = []
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        for (index, argument) in arguments[..<end].enumerated() {
            guard let option = option(argument) else {
                result.append(argument)
                continue
            }
            let (dashes, name, value) = (option.dashes, option.name, option.value)
            if let value, flags.contains(name) {
                guard let isSaid = goBoolean(value) else {
                    throw ValidationError(
                        "\(dashes)\(name) takes true or false behind its =, not “\(value.prefix(20))”."
                    )
                }
                if isSaid { result.append(dashes + name) }
            } else if let value, switches.contains(name), let isSaid = goBoolean(value) {
                result.append("\(dashes)\(name)=\(isSaid)")
            } else if value == nil, switches.contains(name) {
                let next = index + 1 < end ? arguments[index + 1].lowercased() : ""
                result.append(words.contains(next) ? argument : argument + "=true")
            } else {
                result.append(argument)
            }
        }
        return result + arguments[end...]
    }

    /// An option as it is spelt: with one dash or two, and its value if that stands behind an equals sign.
    public struct Option: Sendable, Equatable {
        /// One or two dashes.
        public var dashes: String
        /// The name without them.
        public var name: String
        /// What stands behind the equals sign, if there is one.
        public var value: String?
    }

    /// An option taken apart; nil for what is none.
    public static func option(_ argument: String) -> Option? {
        let rest = argument.drop { $0 == "-" }
        let dashes = argument.count - rest.count
        guard 1...2 ~= dashes, !rest.isEmpty else { return nil }
        let name = rest.prefix { $0 != "=" }
        let value = name.endIndex == rest.endIndex ? nil : String(rest[rest.index(after: name.endIndex)...])
        return Option(dashes: String(repeating: "-", count: dashes), name: String(name), value: value)
    }
}
