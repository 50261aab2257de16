import ArgumentParser
import MigrationKit

/// Puts another version in the place of the configured target.
struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Override the target version on all hosts."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var orders: OrderOptions

    @Argument(help: ArgumentHelp("The version wanted.", valueName: "version"))
    var version: Int

    @Flag(name: .anyDash("force"), help: "Pin a version that only newer programs than this one know.")
    var force = false

    func validate() throws {
        guard (0...1_000_000).contains(version) else { throw ValidationError("There is no version \(version).") }
        _ = try orders.duration()
    }

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            let snapshot = try await session.snapshotForOrder()
            let current = try snapshot.version.get()
            guard version >= current else {
                throw ValidationError(
                    "The keyspace is at version \(current), and there is no way back: pin \(current) to keep it there."
                )
            }
            guard version <= session.registry.latest || force else {
                throw ValidationError(
                    "There is no version \(version): this program knows versions up to \(session.registry.latest), and would "
                        + "stall. If all daemons are newer, --force pins it."
                )
            }
            let pin = Pin(version: version, order: try orders.order(at: snapshot.time))
            try await session.store.pin(pin, for: orders.duration(), on: session.keyspace)
            let end = pin.order.until.map { " until \($0)" } ?? "; `migrateredis unpin` ends it"
            session.terminal.report("Pinned: version \(version) is the target of every program\(end).")
        }
    }
}

/// Gives the target back to the configuration.
struct UnpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin",
        abstract: "End a pin: the configured target counts again."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption
    @OptionGroup var reasoning: ReasonOption

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            if case .success(nil) = try await session.snapshotForOrder().pin {
                session.terminal.report("No version is pinned.")
                return
            }
            try await session.store.unpin(reasoning.order, on: session.keyspace)
            session.terminal.report("No longer pinned; the configured target counts.")
        }
    }
}
