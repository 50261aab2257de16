import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Copies or rewrites; old keys stay.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Run the migration; old keys stay. Asks first, unless -auto-approve is given."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.withSession { session in
            let migration = try session.migration(options)
            if case .notApplicable(let reason) = migration.applicability(in: session.names) {
                try await skip(migration, reason: reason, session)
                return
            }
            let plan = try await session.runner("planning").plan(migration)
            let server = try await session.snapshot().server
            for line in PlanText.lines(plan, of: migration, server: server, verbose: options.verbose) {
                session.terminal.say(line)
            }
            session.terminal.say("")
            let question = "Apply \(migration.name) to \(session.keyspace.options)?"
            guard options.autoApprove || session.terminal.confirms(question) else {
                session.terminal.say("Nothing was changed.")
                throw ExitStatus.failed.code
            }
            let state = try await session.underLock(for: migration, "applying") { lease, runner in
                try await runner.apply(migration, plan: plan, acceptsServer: true, under: lease)
            }
            let written = Wording.number(state.report?.written ?? 0)
            session.terminal.print("\(migration.name) is \(state.phase.rawValue): \(written) keys written.")
            if let held = state.held, held.total > 0 {
                session.terminal.say("\(Wording.number(held.total)) keys are held back; verify will name them.")
                throw ExitStatus.failed.code
            }
        }
    }

    private func skip(_ migration: any Migration, reason: String, _ session: Session) async throws {
        let version = try await session.snapshot().version.get()
        guard version == migration.version - 1 else {
            session.terminal.print("\(migration.name) does not concern this deployment: \(reason)")
            return
        }
        try await session.underLock(for: migration, "skipping") { lease, runner in
            try await runner.skip(migration, reason: reason, under: lease)
        }
        session.terminal.print(
            "\(migration.name) does not concern this deployment: \(reason) Schema version \(migration.version)."
        )
    }
}
