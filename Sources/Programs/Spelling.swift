import ArgumentParser

/// The original's ways to write options, which are those of Go's package `flag`, put into those of the argument parser.
public enum Spelling {
    /// Options that are said or not said; each may have `=true` or `=false` behind it.
    private static let flags: Set<String> = [
        "verbose", "force", "auto-approve", "yes", "y", "watch", "check", "check-config", "all",
    ]
    /// Options with a value that stand for "true" when nothing follows them.
    private static let switches: Set<String> = ["redis-tls-enabled", "redis-cluster-enabled"]
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
            guard let (dashes, name, value) = option(argument) else {
                result.append(argument)
                continue
            }
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

    /// An option taken apart; nil for what is none.
    private static func option(_ argument: String) -> (dashes: String, name: String, value: String?)? {
        let rest = argument.drop { $0 == "-" }
        let dashes = argument.count - rest.count
        guard 1...2 ~= dashes, !rest.isEmpty else { return nil }
        let name = rest.prefix { $0 != "=" }
        let value = name.endIndex == rest.endIndex ? nil : String(rest[rest.index(after: name.endIndex)...])
        return (String(repeating: "-", count: dashes), String(name), value)
    }
}
