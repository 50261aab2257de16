import ArgumentParser
import MigrationKit

/// Closes a gate that was opened.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Close a gate that was opened; work under it stops at the end of the batch in hand."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var reasoning: ReasonOption

    @Argument(help: ArgumentHelp("The migration; or name it with -migration.", valueName: "name"))
    var name: String?

    func run() async throws {
        try await options.withSession { session in
            var named = options
            named.migration = try MigrationArgument.one(name, options.migration)
            let migration = try session.migration(named)
            guard let approval = try await session.snapshotForOrder().approvals[migration.name] else {
                throw ValidationError("No gate of \(migration.name) is open.")
            }
            try await session.store.revoke(approval, reasoning.order, on: session.keyspace)
            session.terminal.print("Revoked: \(approval.phase.rawValue) of \(migration.name).")
        }
    }
}
