import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// A dry run: what a migration would change; writes nothing.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Dry run: show what the migration would change. Writes nothing; exit 1 with conflicts."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.withSession { session in
            let migration = try session.migration(options)
            if case .notApplicable(let reason) = migration.applicability(in: session.names) {
                session.terminal.print("\(migration.name) does not concern this deployment: \(reason)")
                return
            }
            let plan = try await session.runner("planning").plan(migration)
            let snapshot = try await session.snapshot()
            if let refusal = session.refusal(snapshot) {
                session.terminal.say("Warning: nothing of this could be done now. \(refusal.message)")
            }
            let lines = PlanText.lines(plan, of: migration, server: snapshot.server, verbose: options.verbose)
            session.terminal.show(lines)
            if plan.hasConflicts { throw ExitStatus.failed.code }
        }
    }
}
