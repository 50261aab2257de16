import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// A dry run: what a migration would change; writes nothing.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Dry run: show what the migration, or all that is pending, would change. Writes nothing; exit 1 with conflicts."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var detail: VerboseOption

    func run() async throws {
        try await options.withSession { session in
            let name = try argument.given
            guard name == nil else {
                guard try await plan(session.migration(named: name), session) else { throw ExitStatus.failed.code }
                return
            }
            try await planAllPending(session)
        }
    }

    /// Each migration above the schema's version, in order. What a later one finds may change with the earlier ones.
    private func planAllPending(_ session: Session) async throws {
        let version = try await session.snapshot().version.get()
        let pending = session.registry.migrations.filter { $0.version > version }
        guard !pending.isEmpty else {
            session.terminal.print("Nothing is pending: the schema is at version \(version).")
            return
        }
        var isClear = true
        for (number, migration) in pending.enumerated() {
            session.terminal.print("\(number == 0 ? "" : "\n")[\(number + 1) of \(pending.count)] \(migration.name)\n")
            if try await !plan(migration, session) { isClear = false }
        }
        if !isClear { throw ExitStatus.failed.code }
    }

    /// Shows the plan; false with conflicts.
    private func plan(_ migration: any Migration, _ session: Session) async throws -> Bool {
        if case .notApplicable(let reason) = migration.applicability(in: session.names) {
            session.terminal.print("\(migration.name) does not concern this deployment: \(reason)")
            return true
        }
        let before = try await session.snapshot()
        try session.requireMaster(before)
        if let doubt = try await session.placeDoubt(before) {
            session.terminal.say("Warning: \(doubt)")
        }
        let plan = try await session.runner("planning").plan(migration)
        let snapshot = try await session.snapshot()
        if let refusal = session.refusal(snapshot) {
            session.terminal.say("Warning: nothing of this could be done now. \(refusal.message)")
        }
        if let pin = try? snapshot.pin.get(), let version = try? snapshot.version.get(),
            let refusal = pin.refusal(of: migration.name, to: migration.version, at: version)
        {
            session.terminal.say("Warning: nothing of this could be done now. \(refusal).")
        }
        let found = try? Bookkeeping(snapshot, registry: session.registry, names: session.names).read()
        if let found, found.raisedByOutpost > found.version {
            session.terminal.say(
                "Outpost's own migrators have raised the keyspace to version \(found.raisedByOutpost), by their records; the "
                    + "stored version is \(found.version). An apply or the daemon adopts theirs first."
            )
        }
        session.terminal.show(PlanText.lines(plan, of: migration, server: snapshot.server, verbose: detail.verbose))
        return !plan.hasConflicts
    }
}
