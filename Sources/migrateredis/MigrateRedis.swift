import ArgumentParser
import Glibc
import Programs

/// `migrateredis`: the same phases as the daemon's, by hand, and what people need in an incident.
@main
struct MigrateRedis: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrateredis",
        abstract: "Migrates the schema of a Redis keyspace, phase by phase.",
        usage: "migrateredis [options] <command> [options]",
        discussion: """
            Options stand before or after the command, with one dash or two. Data goes to standard output, talk and \
            progress to standard error.

            Exit status: 0 done · 1 failed, invalid or declined · 64 usage · 69 Redis not reachable · 75 held up \
            (lock, pause, gate), try again · 77 not permitted · 78 configuration.
            """,
        version: ProgramVersion.current,
        subcommands: [
            StatusCommand.self, ListCommand.self, PlanCommand.self, ApplyCommand.self, VerifyCommand.self,
            RollbackCommand.self, CleanupCommand.self, PauseCommand.self, ResumeCommand.self, PinCommand.self,
            UnpinCommand.self, ApproveCommand.self, RevokeCommand.self, RetryCommand.self, ReconcileCommand.self,
            ResolveCommand.self, CheckCommand.self,
            ConvergeCommand.self, WaitCommand.self, HistoryCommand.self, UnlockCommand.self, JournalCatalogCommand.self,
        ]
    )

    @OptionGroup var options: CommonOptions

    static func main() async {
        // A reader that went away must not end a phase; writing then fails quietly.
        signal(SIGPIPE, SIG_IGN)
        Secrecy.begin()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parsed(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Terminal.finish()
            if let fault = Terminal.faultOfOutput {
                Terminal().say(fault)
                throw ExitStatus.failed.code
            }
        } catch {
            // What the argument parser says goes to the same places by itself, behind all else.
            Terminal.finish()
            end(with: error)
        }
    }

    /// The command, or the end of the program with what is wrong and, for the words of another tool, ours.
    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        do {
            return try parseAsRoot(Spelling.normalized(arguments))
        } catch {
            guard exitCode(for: error) == .validationFailure, let hint = OtherTools.hint(for: arguments) else {
                throw error
            }
            Terminal().say(fullMessage(for: error))
            Terminal().say(hint)
            throw ExitStatus.usage.code
        }
    }
}

/// The options of every command.
struct CommonOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionArguments

    @Option(
        name: [.customLong("migration"), .customLong("migration", withSingleDash: true)],
        help: ArgumentHelp("The migration that the command is about.", valueName: "name")
    )
    var migration: String?

    @Flag(
        name: [.customLong("verbose"), .customLong("verbose", withSingleDash: true)],
        help: "Tell more on the way."
    )
    var verbose = false

    @Flag(
        name: [.customLong("force"), .customLong("force", withSingleDash: true)],
        help: "Do not ask before cleanup, rollback and unlock."
    )
    var force = false

    @Flag(
        name: [.customLong("auto-approve"), .customLong("auto-approve", withSingleDash: true)],
        help: "Do not plan and ask before apply."
    )
    var autoApprove = false

    @Flag(
        name: [.customShort("y"), .customLong("yes"), .customLong("yes", withSingleDash: true)],
        help: "Answer every question with yes."
    )
    var yes = false
}

/// The migration that a command is about, as its argument.
struct MigrationArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The migration; or name it with -migration.", valueName: "name"))
    var name: String?

    /// The options, with the name that stands here or there.
    ///
    /// Errors: two names.
    func merged(into options: CommonOptions) throws -> CommonOptions {
        var options = options
        options.migration = try Self.one(name, options.migration)
        return options
    }

    /// The one name of two that may be given.
    static func one(_ argument: String?, _ option: String?) throws -> String? {
        if let argument, let option, argument != option {
            throw ValidationError(
                "Which migration? “\(argument)” is one and -migration \(option) another: give one name."
            )
        }
        return argument ?? option
    }
}
