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
            Options stand before or after the command, with one dash or two. Results go to stdout, messages and progress \
            to stderr. `migrateredis help COMMAND` shows the options of a command; each takes those that \
            say where the configuration and Redis are: -c FILE, --env-file, --redis-host, --redis-port, --redis-database, \
            --redis-socket, --redis-tls-enabled, --redis-cluster-enabled. `migrateredis --version` shows the version.

            Exit status: 0 done · 1 failed, invalid or declined · 64 usage · 69 Redis not reachable · 75 held up \
            (lock, pause, gate), try again · 77 not permitted · 78 configuration.
            """,
        subcommands: [
            StatusCommand.self, ListCommand.self, PlanCommand.self, ApplyCommand.self, VerifyCommand.self,
            RollbackCommand.self, CleanupCommand.self, PauseCommand.self, ResumeCommand.self, PinCommand.self,
            UnpinCommand.self, ApproveCommand.self, RevokeCommand.self, RetryCommand.self, ReconcileCommand.self,
            ResolveCommand.self, CheckCommand.self,
            ConvergeCommand.self, WaitCommand.self, HistoryCommand.self, UnlockCommand.self, JournalCatalogCommand.self,
        ]
    )

    static func main() async {
        // A reader that went away must not end a phase; writing then fails quietly.
        signal(SIGPIPE, SIG_IGN)
        Secrecy.begin()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            guard var command = try parsed(arguments) else { return print(ProgramVersion.current) }
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
        } catch let fault as ArgumentFault {
            Terminal().say("migrateredis: \(fault.message)")
            if let hint = fault.hint { Terminal().say(hint) }
            Terminal.finish()
            Glibc.exit(ExitStatus.usage.rawValue)
        } catch {
            // What the argument parser says goes to the same places by itself, behind all else.
            Terminal.finish()
            end(with: error)
        }
    }

    /// The command, or nothing where the version is asked for.
    ///
    /// Errors: `ArgumentFault`; what ends the argument parser otherwise, such as the question for help.
    static func parsed(_ arguments: [String]) throws -> (any ParsableCommand)? {
        var line = ArgumentLine(arguments, commands: commandNames)
        do {
            line = ArgumentLine(try Spelling.normalized(arguments), commands: commandNames)
            if line.asksForVersion { return nil }
            if let fault = line.faultOfCommand { throw ValidationError(fault) }
            let parsed = try parseAsRoot(line.words)
            // Of an unknown option with one dash the parser takes each letter for an option, and an h for the question for help.
            if let meant = command(named: line.command), type(of: parsed) != meant, !line.asksForHelp {
                throw ValidationError("\(line.words.joined(separator: " ")) has an unknown option.")
            }
            return parsed
        } catch {
            guard exitCode(for: error) == .validationFailure else { throw error }
            let fault = line.faultOfCommand ?? command(named: line.command).flatMap { line.faultOfOptions(in: $0) }
            throw ArgumentFault(message: fault ?? message(for: error), hint: OtherTools.hint(for: arguments))
        }
    }

    static let commandNames = configuration.subcommands.compactMap { $0.configuration.commandName }

    private static func command(named name: String?) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { $0.configuration.commandName == name }
    }

    /// What the argument parser says, as everything else is said.
    private static func message(for error: any Error) -> String {
        let text = fullMessage(for: error)
        return text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text
    }
}

/// What is wrong with the arguments.
struct ArgumentFault: Error {
    var message: String
    /// For the words of another tool, ours.
    var hint: String?
}
