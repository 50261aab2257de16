import RedisClient

/// A command that a server lacks or refuses, with what to do about it.
public struct MissingCommand: Sendable, Equatable {
    /// Why it cannot be run.
    public enum Kind: Sendable, Equatable {
        /// The user may not.
        case refused
        /// The server does not know it: it is renamed, disabled, or was never there.
        case absent
        /// The server knows it, and answers this.
        case failing(String)
    }

    /// Why it cannot be run.
    public var kind: Kind
    /// The rule that would let the user run it.
    public var rule: String
    /// The command as people write it.
    public var command: String
    /// What follows from it where the work goes on without; nil where it does not.
    public var consequence: String?
    let need: CommandProbe.Need
    /// Whether each of the keys may be reached, and not all by one command.
    let isCombination: Bool

    /// What the error to a probe says of it; nil where it says only that the probe came at the wrong moment.
    ///
    /// Errors: the error itself where it is about the server or the connection, and not about the command.
    init?(_ probe: CommandProbe, _ error: RedisError, _ names: KeyNames) throws {
        need = probe.need
        command = probe.command
        var isCombination = false
        switch error.serverCode {
        case "NOPERM":
            kind = .refused
            (rule, isCombination) = Self.rule(for: probe, refusedWith: error.message, names)
        case "ERR", nil:
            let words = error.message.lowercased()
            // What follows from another of them that is missing.
            if words.contains("without multi") || words.contains("nested") { return nil }
            let isUnknown = words.contains("unknown command") || words.contains("unknown subcommand")
            kind = isUnknown ? .absent : .failing(error.message)
            rule = "+\(probe.rule)"
        case "EXECABORT": return nil
        default: throw error
        }
        self.isCombination = isCombination
    }

    /// What to do about several, as parts of a sentence.
    public static func remedies(_ missing: [MissingCommand]) -> [String] {
        var parts: [String] = []
        let rules = missing.filter { $0.kind == .refused }.map(\.rule)
        if !rules.isEmpty { parts.append("add to the user's ACL: \(rules.joined(separator: " "))") }
        let absent = missing.filter { $0.kind == .absent }.map(\.command)
        if !absent.isEmpty {
            let are = absent.count == 1 ? "is not there under its name" : "are not there under their names"
            parts.append(
                "\(absent.joined(separator: ", ")) \(are): take rename-command out of the server's configuration, or use a "
                    + "server that has \(absent.count == 1 ? "it" : "them")"
            )
        }
        for one in missing {
            if case .failing(let answer) = one.kind { parts.append("\(one.command) is answered with “\(answer)”") }
        }
        return parts
    }

    /// What the user lacks, by the server's words: the command, the channel or the key.
    private static func rule(
        for probe: CommandProbe,
        refusedWith words: String,
        _ names: KeyNames
    ) -> (rule: String, isCombination: Bool) {
        if words.contains("channel") { return ("&\(KeyText.escaped(names.wake))", false) }
        guard words.contains(" key"), !words.contains("command") else { return ("+\(probe.rule)", false) }
        var patterns: [String] = []
        for key in probe.keys {
            let pattern = "~\(pattern(of: key, names))"
            if !patterns.contains(pattern) { patterns.append(pattern) }
        }
        guard patterns.count > 1 else { return (patterns.first ?? "+\(probe.rule)", false) }
        return ("(+\(probe.rule) \(patterns.joined(separator: " ")))", true)
    }

    /// The pattern of the documented rule that covers a key.
    private static func pattern(of key: Bytes, _ names: KeyNames) -> String {
        if key == names.version || (names.outpostLocks + names.awaitedLocks).contains(key) {
            return KeyText.escaped(key)
        }
        return names.prefix + (names.isBookkeeping(key) ? "outpost:migration:*" : "tenant:*")
    }
}
