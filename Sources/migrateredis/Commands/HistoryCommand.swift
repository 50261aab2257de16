import ArgumentParser
import MigrationKit
import Programs

/// What happened, newest last.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened, newest last: transitions, orders, and who gave them.",
        discussion: "With a migration, only what happened to that."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var form: OutputOption

    @Option(
        name: .anyDash("count"),
        help: ArgumentHelp("The last so many entries.", valueName: "number")
    )
    var count = 50

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count takes a number from 1 to 100000.") }
    }

    func run() async throws {
        try await options.withSession { session in
            let migration = try argument.given.map { try session.registry.migration(named: $0).name }
            for entry in try await session.store.history(last: count, about: migration, on: session.keyspace) {
                switch form.output {
                case .text: session.terminal.show([HistoryText.line(entry)])
                case .json: session.terminal.print(try HistoryText.json(entry))
                }
            }
        }
    }
}
