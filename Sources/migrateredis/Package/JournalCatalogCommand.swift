import ArgumentParser

/// Prints the journal's message catalog, when the package is made.
struct JournalCatalogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal-catalog",
        abstract: "Print the message catalog for /usr/lib/systemd/catalog.",
        shouldDisplay: false
    )

    func run() {
        print(JournalCatalog.text, terminator: "")
    }
}
