import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Copies or rewrites; old keys stay.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract:
            "Copy keys to their new names, where old keys stay, or rewrite fields in place. Plans it and asks first, unless -auto-approve is given."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var detail: VerboseOption
    @OptionGroup var answer: YesOption
    @OptionGroup var talk: QuietOption

    @Flag(name: .anyDash("auto-approve"), help: "Do not plan and ask before.")
    var autoApprove = false

    @Flag(name: .anyDash("force"), help: "Go on in a keyspace that is hardly the one that was meant; it still asks.")
    var force = false

    func run() async throws {
        try await options.withSession(saysYes: answer.yes, isQuiet: talk.quiet) { session in
            let migration = try session.migration(named: argument.given)
            let snapshot = try await session.snapshot()
            if let refusal = session.refusal(snapshot) { throw refusal.failure }
            try await session.admitPlace(snapshot, isForced: force)
            if case .notApplicable(let reason) = migration.applicability(in: session.names) {
                try await skip(migration, reason: reason, session)
                return
            }
            try await session.admit(.apply, of: migration)
            // A plan is a walk over everything: where nobody decides on it, the server is spared it.
            var plan: Plan?
            if !autoApprove {
                guard let confirmed = try await confirmedPlan(of: migration, session) else {
                    session.terminal.say("Nothing was changed.")
                    throw ExitStatus.failed.code
                }
                plan = confirmed
            }
            let state = try await session.underLock(for: migration, .apply, "applying") { [plan] lease, runner in
                let estimate = plan == nil ? try await runner.estimate(migration) : nil
                return try await runner.apply(migration, plan: plan ?? estimate, acceptsServer: true, under: lease)
            }
            if autoApprove, let report = state.report {
                let isRaised = (try? await session.snapshot().version.get()) ?? 0 >= migration.version
                for line in PlanText.outcome(report, isRaised: isRaised, verbose: detail.verbose) {
                    session.terminal.remark(line)
                }
            }
            if let earlier = state.report?.earlier, earlier > 0 {
                session.terminal.remark("Resumed: an earlier run had already processed \(Wording.keys(earlier)).")
            }
            let written = Wording.keys(state.report?.written ?? 0)
            session.terminal.report("\(migration.name) is \(state.phase.rawValue): \(written) written.")
            if let held = state.held, held.total > 0 {
                session.terminal.say("Held back: \(Wording.keys(held.total)); verify will name what is held.")
                throw ExitStatus.failed.code
            }
        }
    }

    /// Shows what would be done, and asks; nil where the answer is no.
    private func confirmedPlan(of migration: any Migration, _ session: Session) async throws -> Plan? {
        let plan = try await session.runner("planning").plan(migration)
        let server = try await session.snapshot().server
        for line in PlanText.lines(plan, of: migration, server: server, verbose: detail.verbose) {
            session.terminal.say(line)
        }
        session.terminal.say("")
        let question = "Apply \(migration.name) to \(session.keyspace.options)?"
        return try await session.confirms(question + Self.warning(of: migration)) ? plan : nil
    }

    private func skip(_ migration: any Migration, reason: String, _ session: Session) async throws {
        let version = try await session.snapshot().version.get()
        guard version == migration.version - 1 else {
            session.terminal.report("\(migration.name) does not concern this deployment: \(reason)")
            return
        }
        try await session.underLock(for: migration, .skip, "skipping") { lease, runner in
            try await runner.skip(migration, reason: reason, under: lease)
        }
        session.terminal.report(
            "\(migration.name) does not concern this deployment: \(reason) Schema version \(migration.version)."
        )
    }

    /// What a person has to know before a yes that nothing takes back.
    private static func warning(of migration: any Migration) -> String {
        migration is any KeyMoveMigration ? "" : " It rewrites in place: nothing undoes it but a backup."
    }
}
