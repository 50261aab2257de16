import ArgumentParser
import MigrationKit
import Programs

/// Asks every daemon to forget failures.
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Clear failures and back-off everywhere, and retry now.",
        discussion:
            "Without a migration, of all that failed. It changes no state: what failed is tried again as it stands. Exit 75 while all work is paused."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var reasoning: ReasonOption

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            let named = try argument.given.map { try session.registry.migration(named: $0).name }
            let snapshot = try await session.snapshotForOrder()
            let order = RetryOrder(id: session.locksmith().identity.token, migration: named, order: reasoning.order)
            try await session.store.retry(order, on: session.keyspace)
            session.terminal.report("Asked to try \(named ?? "all that failed") again.")
            if let pause = snapshot.pause {
                session.terminal.say("Paused by \(pause.text). Recorded: it takes effect after `migrateredis resume`.")
                throw ExitStatus.temporary.code
            }
        }
    }
}

/// Asks every daemon to look now.
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Have every daemon look now, and not only at its next interval. Exit 75 while all work is paused."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var reasoning: ReasonOption

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            if let pause = try await session.snapshotForOrder().pause {
                session.terminal.say("Paused by \(pause.text); run `migrateredis resume` first.")
                throw ExitStatus.temporary.code
            }
            try await session.store.askToLook(reasoning.order, on: session.keyspace)
            session.terminal.report("Asked every daemon to look now.")
        }
    }
}
