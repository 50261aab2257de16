import ArgumentParser
import MigrationKit
import Programs
import Reconciler
import RedisClient

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
            do {
                try await session.store.pause(order, for: orders.duration(), on: session.keyspace)
            } catch let error as RedisError where error.isOutOfMemory {
                return try await tell(order, session)
            }
            session.terminal.report("Paused\(order.until.map { " until \($0)" } ?? "; `migrateredis resume` ends it").")
            if let holder = snapshot.lock.holder {
                session.terminal.say("\(holder.words) stops at the end of the batch in hand.")
            }
        }
    }
}

extension PauseCommand {
    /// A server without memory stores no order, but passes on a message.
    private func tell(_ order: Override, _ session: Session) async throws {
        let count = try await session.store.tellPause(order, for: orders.duration(), on: session.keyspace)
        let heard = count == 1 ? "1 listener was told" : "\(Wording.number(count)) listeners were told"
        session.terminal.say(
            "Redis is out of memory and cannot store the order: \(heard) to pause\(order.until.map { " until \($0)" } ?? ""), and "
                + "\(count == 1 ? "goes" : "go") on after `migrateredis resume` or a restart. What is started meanwhile does not "
                + "know of it: give the order again once there is memory, or stop the daemons with `systemctl stop migrateredisd`."
        )
        guard count > 0 else { throw ExitStatus.unavailable.code }
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
                // It may have been a message alone.
                try await session.store.tellResume(on: session.keyspace)
                session.terminal.report("Nothing is paused.")
                return
            }
            try await session.store.resume(reasoning.order, on: session.keyspace)
            session.terminal.report("Resumed; it was paused by \(pause.text).")
        }
    }
}
