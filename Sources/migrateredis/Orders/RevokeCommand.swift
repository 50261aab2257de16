import ArgumentParser
import MigrationKit

/// Closes a gate that was opened.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Close a gate that was opened; work under it stops at the end of the batch in hand."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var reasoning: ReasonOption

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            let migration = try session.migration(named: argument.given)
            guard let approval = try await session.snapshotForOrder().approvals[migration.name] else {
                throw ValidationError("No gate of \(migration.name) is open.")
            }
            try await session.store.revoke(approval, reasoning.order, on: session.keyspace)
            session.terminal.report("Revoked: \(approval.phase.rawValue) of \(migration.name).")
        }
    }
}
