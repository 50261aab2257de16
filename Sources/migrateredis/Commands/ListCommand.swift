import ArgumentParser
import MigrationKit
import Migrations

/// The migrations, with version, phase and description.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the migrations, with version, description and, if Redis answers, phase."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let snapshot = try await reachable()
        let registry = MigrationRegistry.outpost
        var table = Table(
            ["Migration", "Raises to"] + (snapshot == nil ? [] : ["Phase"]) + ["Description"],
            numeric: [1]
        )
        for migration in registry.migrations {
            let phase = snapshot.map { [Self.phase(of: migration, in: $0)] } ?? []
            table.add([migration.name, String(migration.version)] + phase + [migration.description])
        }
        Terminal().show(table.lines)
    }

    /// What Redis tells; nil, and said, if it does not answer: which migrations there are, the program knows by itself.
    private func reachable() async throws -> SchemaSnapshot? {
        var snapshot: SchemaSnapshot?
        var isUnreachable = false
        do {
            try await options.withSession {
                snapshot = try await $0.snapshot()
            } whenUnreachable: { _, _, terminal in
                isUnreachable = true
                terminal.say("The phases are not shown, since Redis does not tell them:")
            }
        } catch is ExitCode where isUnreachable {
            return nil
        }
        return snapshot
    }

    private static func phase(of migration: any Migration, in snapshot: SchemaSnapshot) -> String {
        switch snapshot.states[migration.name] {
        case .success(let state)?: return state.trustedPhase.rawValue
        case .failure?: return "unreadable"
        case nil: return "–"
        }
    }
}
