import ArgumentParser
import MigrationKit

/// The migrations, with version, phase and description.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the migrations, with version, phase and description."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.withSession { session in
            let snapshot = try await session.snapshot()
            var table = Table(["Migration", "Raises to", "Phase", "Description"], numeric: [1])
            for migration in session.registry.migrations {
                let phase: String
                switch snapshot.states[migration.name] {
                case .success(let state)?: phase = state.trustedPhase.rawValue
                case .failure?: phase = "unreadable"
                case nil: phase = "–"
                }
                table.add([migration.name, String(migration.version), phase, migration.description])
            }
            session.terminal.show(table.lines)
        }
    }
}
