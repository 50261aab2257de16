import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Undoes an apply, before the version is raised.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Before the version is raised: remove the copies that are still as they were made. Asks first."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var answer: YesOption
    @OptionGroup var talk: QuietOption

    @Flag(name: .anyDash("force"), help: "Do not ask.")
    var force = false

    func run() async throws {
        try await options.withSession(saysYes: answer.yes, isQuiet: talk.quiet) { session in
            let migration = try session.migration(named: argument.given)
            try await session.admit(.rollback, of: migration)
            let question = "Remove the copies that \(migration.name) made on \(session.keyspace.options)?"
            guard try await session.confirms(question, unless: force) else {
                session.terminal.say("Nothing was removed.")
                throw ExitStatus.failed.code
            }
            let report = try await session.underLock(for: migration, .rollback, "rolling back") { lease, runner in
                try await runner.rollback(migration, under: lease)
            }
            let removed = report.count(of: .inSync) + report.count(of: .sourceChanged)
            let copies = removed == 1 ? "copy" : "copies"
            session.terminal.report("\(migration.name) is rolled back: \(Wording.number(removed)) \(copies) removed.")
            let stay = report.listed.values.reduce(0, +)
            if stay > 0 {
                session.terminal.print(
                    "\(Wording.keys(stay, "new")) stay: somebody wrote to them, or their old key is gone."
                )
            }
        }
    }
}
