import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Removes the old keys that are proven safe to remove.
struct CleanupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup",
        abstract: "Remove the old keys that are proven safe to remove. Asks first, unless -force is given.",
        discussion: """
            The answer, or -force, stands for approval and soak. It never stands for the proof: a key that is not what \
            it was when it was copied stays, and is named.
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var detail: VerboseOption
    @OptionGroup var answer: YesOption
    @OptionGroup var talk: QuietOption

    @Flag(name: .anyDash("force"), help: "Do not ask.")
    var force = false

    func run() async throws {
        try await options.withSession(saysYes: answer.yes, isQuiet: talk.quiet) { session in
            let migration = try session.migration(named: argument.given)
            let snapshot = try await session.snapshot()
            if let refusal = session.refusal(snapshot) { throw refusal.failure }
            let state = try snapshot.state(of: migration.name)
            // Whoever did not hear that it is done asks again.
            if state?.trustedPhase == .cleaned, (try? snapshot.version.get()) ?? 0 >= migration.version {
                session.terminal.report("\(migration.name) is cleaned already; nothing was removed.")
                return
            }
            try await session.admit(.cleanup, of: migration)
            let count = state?.verification?.removable
            let what = count.map { Wording.keys($0, "old") } ?? "the old keys"
            let question = "Remove \(what) of \(migration.name) from \(session.keyspace.options)?"
            guard try await session.confirms(question, unless: force) else {
                session.terminal.say("Nothing was removed.")
                throw ExitStatus.failed.code
            }
            let passed = try passedGate(of: migration, snapshot, session)
            let result = try await session.underLock(for: migration, .cleanup, "cleaning up") { lease, runner in
                try await runner.cleanup(migration, passedGate: passed, under: lease)
            }
            let isEmpty = result.removed == 0 && result.held.total == 0
            if detail.verbose {
                for line in PlanText.kinds(result.report, "Looked at") { session.terminal.remark(line) }
            }
            session.terminal.report(
                isEmpty
                    ? "\(migration.name) is cleaned: there was no old key to remove."
                    : "\(migration.name): \(Wording.keys(result.removed, "old")) removed."
            )
            guard result.held.total > 0 else { return }
            let gone = result.held.counts[PairClass.sourceGone.rawValue] ?? 0
            if result.held.total > gone {
                session.terminal.print("Kept: \(Wording.keys(result.held.total - gone, "old")).")
            }
            if gone > 0 {
                session.terminal.print(
                    "Left under the new name: \(Wording.keys(gone)) that somebody deleted under the old one after the raise."
                )
            }
            for sample in result.held.samples.prefix(detail.samples()) {
                session.terminal.print("  \(sample.reason)  \(sample.text)")
            }
            session.terminal.say(
                "See them with `migrateredis status --held \(migration.name)`; then "
                    + "\(HeldReason.remedy(for: result.held.counts.keys))."
            )
            throw ExitStatus.failed.code
        }
    }

    /// What of the gate a person's word stood for, for the history; nil where it was open.
    private func passedGate(
        of migration: any Migration,
        _ snapshot: SchemaSnapshot,
        _ session: Session
    ) throws -> String? {
        guard let state = try snapshot.state(of: migration.name) else { return nil }
        switch Gate.cleanup(
            state,
            approval: snapshot.approvals[migration.name],
            policy: session.wiring.desired(target: session.target).gates,
            now: snapshot.time,
            save: snapshot.server.save
        ) {
        case .open: return nil
        case .needsApproval: return "by hand, in place of an approval"
        case .soaking(let left): return "by hand, with \(Wording.duration(left)) of the soak left"
        case .needsSave: return "by hand, without a save that is recent enough"
        }
    }
}
