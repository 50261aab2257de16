import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import Programs
@testable import migrateredis

@Suite("The options of the commands")
struct OptionTests {
    /// What every command but the package's own takes.
    private static let common = [
        "config", "instance", "env-file", "redis-host", "redis-port", "redis-database", "redis-socket",
        "redis-tls-enabled",
        "redis-cluster-enabled", "redis-password", "help",
    ]

    /// What each command takes besides, and uses. Whoever adds an option adds it here and to the article Commands.
    private static let own: [String: [String]] = [
        "status": ["output", "check", "watch", "held"],
        "list": [],
        "plan": ["migration", "verbose"],
        "apply": ["migration", "verbose", "yes", "quiet", "auto-approve", "force"],
        "verify": ["migration", "verbose", "quiet", "sample", "accept-in-use", "reason"],
        "rollback": ["migration", "yes", "quiet", "force"],
        "cleanup": ["migration", "verbose", "yes", "quiet", "force"],
        "pause": ["quiet", "reason", "for"],
        "resume": ["quiet", "reason"],
        "pin": ["quiet", "force", "reason", "for"],
        "unpin": ["quiet", "reason"],
        "approve": ["migration", "quiet", "reason", "for"],
        "revoke": ["migration", "quiet", "reason"],
        "retry": ["migration", "quiet", "reason"],
        "reconcile": ["quiet", "reason"],
        "resolve": ["migration", "yes", "quiet", "force", "reason", "keep", "all", "reason-is"],
        "check": ["output"],
        "converge": ["quiet", "force", "target"],
        "wait": ["quiet", "version", "timeout"],
        "history": ["migration", "output", "count"],
        "unlock": ["yes", "quiet", "force"],
    ]

    private static let letters = ["config": "c", "yes": "y", "quiet": "q", "output": "o", "help": "h"]
    private static let commands = own.keys.sorted()

    private static func options(of command: String) -> [String] { common + (own[command] ?? []) }
    private static func takesValue(_ option: String) -> Bool { !Spelling.flags.contains(option) && option != "help" }

    private static func type(of command: String) throws -> any ParsableCommand.Type {
        try #require(MigrateRedis.configuration.subcommands.first { $0.configuration.commandName == command })
    }

    @Test("are those of the table, and no others", arguments: commands)
    func table(command: String) throws {
        let options = Self.options(of: command)
        let names = Set(options + options.compactMap { Self.letters[$0] })
        #expect(ArgumentLine.optionNames(of: try Self.type(of: command)) == names)
    }

    @Test("are each refused by every command that has no use for them", arguments: commands)
    func refused(command: String) throws {
        let positional = ["approve": ["001"], "pin": ["1"], "resolve": ["001", "k"]][command] ?? []
        let needed = command == "resolve" ? ["--keep", "source"] : []
        let all = Set(Self.commands.flatMap(Self.options)).subtracting(["help", "redis-password"])
        let type = try Self.type(of: command)
        for option in all.subtracting(Self.options(of: command)).sorted() {
            let value = Self.takesValue(option) ? ["1"] : []
            for spelt in ["-\(option)", "--\(option)"] + (Self.letters[option].map { ["-\($0)"] } ?? []) {
                #expect(throws: (any Error).self, "\(spelt)") { try type.parse(positional + needed + [spelt] + value) }
            }
        }
    }

    @Test(
        "are named in the article Commands: in the command's own section, or in the common rules",
        arguments: commands
    )
    func documented(command: String) throws {
        let article = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/MigrationKit/MigrationKit.docc/Commands.md")
        let sections = try String(contentsOf: article, encoding: .utf8).components(separatedBy: "\n## ")
        let common = try #require(sections.first { $0.hasPrefix("Common rules") })
        let section = sections.filter { $0.prefix { $0 != "\n" }.components(separatedBy: ", ").contains(command) }
        #expect(section.count == 1)
        // Lines of the common table name the commands, or are about all of them.
        let rules = common.split(separator: "\n").filter { $0.hasPrefix("|") }
        for option in (Self.own[command] ?? []) {
            let isThere =
                section.contains { $0.contains("--\(option)") }
                || rules.contains { $0.contains("--\(option)") && $0.contains("`\(command)`") }
            #expect(isThere, "\(command) --\(option)")
        }
    }

    @Test("are known by name where the command is looked for among them")
    func known() {
        let all = Set(Self.commands.flatMap(Self.options)).subtracting(["help", "version"])
        let names = Set(all + all.compactMap { Self.letters[$0] })
        // The daemon has one of its own.
        let known = Spelling.flags.union(Spelling.valued).union(Spelling.switches).subtracting(["check-config"])
        #expect(known == names)
    }

    @Test(
        "that a command does not take are named with it",
        arguments: [
            (
                ["pause", "--migration", "001_hash_tags"],
                "pause takes no option --migration: it is for all migrations."
            ),
            (["-migration", "001_hash_tags", "pause"], "pause takes no option -migration: it is for all migrations."),
            (["-verbose", "status"], "status takes no option -verbose. See `migrateredis help status`."),
            (["cleanup", "001", "-auto-approve"], "its question is answered by -force or -yes"),
            (["status", "-force"], "status takes no option -force."),
            (["status", "--wach"], "status takes no option --wach; did you mean --watch?"),
            (["verify", "001", "--sampel", "5"], "did you mean --sample?"),
            (["apply", "-held", "001"], "apply takes no option -held."),
            (["-watch", "unlock"], "unlock takes no option -watch."),
            (["--frobnicate", "status"], "Unknown option '--frobnicate'"),
            (["journal-catalog", "--redis-host", "x"], "journal-catalog takes no option --redis-host."),
            (["statsu"], "there is no command statsu. Did you mean status?"),
            (["statsu", "--help"], "there is no command statsu."),
            (["aply", "001"], "Did you mean apply?"), (["pasue"], "Did you mean pause?"),
            (["verify", "001", "--reason", "x"], "give it with that"),
            (["-q"], "there is no command among the arguments"), (["-c", "status"], "there is no command among"),
            (["help", "nope"], "there is no command nope."), (["frobnicate"], "there is no command frobnicate. `"),
        ]
    )
    func told(arguments: [String], text: String) {
        #expect {
            try MigrateRedis.parsed(arguments)
        } throws: { error in
            (error as? ArgumentFault)?.message.contains(text) == true
        }
    }

    @Test(
        "stand before the command or behind it",
        arguments: [
            (["-migration", "pause", "plan"], ["plan", "-migration", "pause"]),
            (["-y", "-c", "f", "apply", "001"], ["apply", "-y", "-c", "f", "001"]),
            (["--version", "3", "wait"], ["wait", "--version", "3"]),
            (["--help", "plan"], ["plan", "--help"]),
            (["-redis-tls-enabled=true", "list"], ["list", "-redis-tls-enabled=true"]),
            (["resolve", "001", "--", "-y"], ["resolve", "001", "--", "-y"]),
            (["--", "status"], ["--", "status"]),
            (["-q"], ["-q"]),
            (["---completion", "status"], ["---completion", "status"]),
            ([], []),
        ]
    )
    func places(given: [String], ordered: [String]) {
        #expect(ArgumentLine(given, commands: MigrateRedis.commandNames).words == ordered)
    }

    @Test("of wait have one --version; the program's own stands alone")
    func version() throws {
        let help = MigrateRedis.helpMessage(for: WaitCommand.self)
        #expect(help.split(separator: "\n").count { $0.hasPrefix("  --version") } == 1)
        for words in [["--version"], ["-version"]] { #expect(try MigrateRedis.parsed(words) == nil) }
        let wait = try #require(try MigrateRedis.parsed(["-version", "2", "wait"]) as? WaitCommand)
        #expect(wait.version == 2)
    }
}
