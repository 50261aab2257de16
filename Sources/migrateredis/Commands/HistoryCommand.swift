import ArgumentParser
import MigrationKit

/// What happened, newest last.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened, newest last: transitions, orders, and who gave them."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var form: OutputOption

    @Option(
        name: [.customLong("count"), .customLong("count", withSingleDash: true)],
        help: ArgumentHelp("The last so many entries.", valueName: "number")
    )
    var count = 50

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count takes a number from 1 to 100000.") }
    }

    func run() async throws {
        try await options.withSession { session in
            for entry in try await session.store.history(last: count, on: session.keyspace) {
                switch form.output {
                case .text: session.terminal.show([HistoryText.line(entry)])
                case .json: session.terminal.print(try HistoryText.json(entry))
                }
            }
        }
    }
}

/// In which form data is written.
struct OutputOption: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(
        name: [.customLong("output"), .customLong("output", withSingleDash: true)],
        help: "How to write it: text or json."
    )
    var output = Format.text
}
