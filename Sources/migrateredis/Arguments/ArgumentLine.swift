import ArgumentParser
import FoundationEssentials
import Programs
import Settings

/// The arguments with the command in front, and what is wrong with them in more words than the argument parser's.
///
/// The parser knows the options of a command only behind its name; the original takes them before it.
struct ArgumentLine {
    /// The arguments, the command first where one was found.
    let words: [String]
    /// The first word that is neither an option nor the value of one.
    let command: String?
    /// Whether all of them are options that are known.
    private let isCommandMissing: Bool
    private let commands: [String]

    /// Reads arguments that are spelt as the parser takes them.
    init(_ arguments: [String], commands: [String]) {
        self.commands = commands
        let found = Self.place(of: arguments)
        isCommandMissing = found == .missing && !arguments.isEmpty
        guard case .at(let place) = found else {
            (words, command) = (arguments, nil)
            return
        }
        command = arguments[place]
        words = [arguments[place]] + arguments[..<place] + arguments[(place + 1)...]
    }

    private enum Place: Equatable {
        case at(Int)
        case missing
        /// Behind something that is none of ours.
        case unknown
    }

    private static func place(of arguments: [String]) -> Place {
        var index = 0
        while index < arguments.count {
            guard arguments[index] != "--" else { return .unknown }
            guard let option = Spelling.option(arguments[index]) else {
                return arguments[index].hasPrefix("-") ? .unknown : .at(index)
            }
            let next = index + 1 < arguments.count ? arguments[index + 1] : nil
            guard let takesNext = takesNext(option, next) else { return .unknown }
            index += takesNext ? 2 : 1
        }
        return .missing
    }

    /// Whether the value of an option stands behind it; nil for an option that is unknown.
    private static func takesNext(_ option: Spelling.Option, _ next: String?) -> Bool? {
        if option.value != nil { return isKnown(option.name) ? false : nil }
        if Spelling.valued.contains(option.name) { return true }
        // Of `wait` it is the version to wait for, and of the program the question for its own.
        if option.name == "version" { return next.flatMap { Int($0) } != nil }
        // A switch without a value has got one behind an equals sign by now.
        if Spelling.switches.contains(option.name) { return true }
        return isKnown(option.name) ? false : nil
    }

    private static func isKnown(_ name: String) -> Bool {
        Spelling.flags.contains(name) || Spelling.valued.contains(name) || Spelling.switches.contains(name)
            || ["version", "help", "h"].contains(name)
    }

    /// Whether the program's own version is asked for.
    var asksForVersion: Bool { command == nil && ["--version", "-version"].contains(words.first) }

    /// Whether help is asked for in so many letters.
    var asksForHelp: Bool { words.contains { ["-h", "-help", "--help"].contains($0) } }

    // MARK: What is wrong

    /// What is wrong with the command; nil where it is one of ours.
    var faultOfCommand: String? {
        if isCommandMissing, !asksForHelp, !asksForVersion {
            return "there is no command among the arguments; `migrateredis --help` shows all."
        }
        guard let command else { return nil }
        let asked = command == "help" ? words.dropFirst().filter { Spelling.option($0) == nil } : [command]
        guard let unknown = asked.first(where: { !commands.contains($0) && $0 != "help" }) else { return nil }
        let meant = nearest(to: unknown, among: commands).map { " Did you mean \($0)?" } ?? ""
        return "there is no command \(unknown).\(meant) `migrateredis --help` shows all."
    }

    /// The first option that the command does not have; nil where it has them all.
    func faultOfOptions(in type: any ParsableCommand.Type) -> String? {
        let own = Self.optionNames(of: type)
        var index = 1
        while index < words.count, words[index] != "--" {
            defer { index += 1 }
            guard let option = Spelling.option(words[index]) else { continue }
            let next = index + 1 < words.count ? words[index + 1] : nil
            if own.contains(option.name) {
                if Self.takesNext(option, next) == true { index += 1 }
                continue
            }
            let spelt = option.dashes + option.name
            let command = type.configuration.commandName ?? ""
            var text = "\(command) takes no option \(spelt)"
            if let why = OptionRemark.text(command: command, option: option.name) {
                text += ": \(why)"
            } else if !Self.isKnown(option.name), let meant = nearest(to: option.name, among: own.sorted()) {
                text += "; did you mean \(option.dashes)\(meant)?"
            }
            return text + (text.hasSuffix("?") ? "" : ".") + " See `migrateredis help \(command)`."
        }
        return nil
    }

    /// The names of the options of a command, without dashes, as its parser knows them.
    ///
    /// That takes tenths of a second in a debug build: for the way to an error only.
    static func optionNames(of type: any ParsableCommand.Type) -> Set<String> {
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(type._dumpHelp().utf8))
        return Set((tool?.command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name))
    }

    private struct Tool: Decodable {
        struct Command: Decodable { var arguments: [Argument]? }
        struct Argument: Decodable { var names: [Name]? }
        struct Name: Decodable { var name: String }
        var command: Command
    }
}

/// Why a command has no use for an option that others have, where people may expect otherwise.
enum OptionRemark {
    static func text(command: String, option: String) -> String? {
        switch (command, option) {
        case ("pause", "migration"), ("resume", "migration"), ("reconcile", "migration"), ("converge", "migration"):
            "it is for all migrations"
        case ("pin", "migration"), ("unpin", "migration"), ("wait", "migration"):
            "it is about the version of the schema"
        case ("unlock", "migration"): "there is one lock for all migrations"
        case ("status", "migration"), ("list", "migration"): "it shows all migrations"
        case ("plan", "force"), ("plan", "auto-approve"), ("plan", "yes"), ("plan", "y"): "it asks nothing"
        case ("verify", "force"), ("verify", "auto-approve"), ("verify", "yes"), ("verify", "y"): "it asks nothing"
        case ("cleanup", "auto-approve"), ("rollback", "auto-approve"), ("unlock", "auto-approve"):
            "its question is answered by -force or -yes"
        default: nil
        }
    }
}
