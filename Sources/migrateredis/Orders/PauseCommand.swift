import ArgumentParser
import MigrationKit

/// Stops all work at the next safe point.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop all work of all programs at the next safe point, until `resume` or --for ends it."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var orders: OrderOptions

    func validate() throws { _ = try orders.duration() }

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            let snapshot = try await session.snapshotForOrder()
            if let pause = snapshot.pause { session.terminal.say("It was paused already, by \(pause.text).") }
            let order = try orders.order(at: snapshot.time)
            try await session.store.pause(order, for: orders.duration(), on: session.keyspace)
            session.terminal.report("Paused\(order.until.map { " until \($0)" } ?? "; `migrateredis resume` ends it").")
            if let holder = snapshot.lock.holder {
                session.terminal.say("\(holder.words) stops at the end of the batch in hand.")
            }
        }
    }
}

/// Ends a pause.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "End a pause.")

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var reasoning: ReasonOption

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            guard let pause = try await session.snapshotForOrder().pause else {
                session.terminal.report("Nothing is paused.")
                return
            }
            try await session.store.resume(reasoning.order, on: session.keyspace)
            session.terminal.report("Resumed; it was paused by \(pause.text).")
        }
    }
}
