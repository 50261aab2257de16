import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Compares everything; raises the version when all is right.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Compare everything of the migration, or of all that are applied, and raise the version when all is right; exit 1 when it is not."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var argument: MigrationArgument
    @OptionGroup var detail: VerboseOption
    @OptionGroup var talk: QuietOption

    @Option(
        name: .anyDash("sample"),
        help: ArgumentHelp(
            "Only compare so many pairs, chosen by chance; never raises the version.",
            valueName: "count"
        )
    )
    var sample: Int?

    @Option(
        name: .anyDash("accept-in-use"),
        help: ArgumentHelp(
            "Accept this many new keys that were written since they were copied; as `approve NAME verify` does.",
            valueName: "count"
        )
    )
    var acceptInUse: Int?

    @OptionGroup var reasoning: ReasonOption

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample takes a number above 0.") }
        if let acceptInUse, acceptInUse < 0 { throw ValidationError("--accept-in-use takes a number, 0 or above.") }
        if acceptInUse == nil, !reasoning.reason.isEmpty {
            throw ValidationError("--reason says why --accept-in-use accepts pairs: give it with that.")
        }
        if sample != nil, acceptInUse != nil {
            throw ValidationError("--sample compares some pairs and accepts none: give it without --accept-in-use.")
        }
    }

    func run() async throws {
        try await options.withSession(isQuiet: talk.quiet) { session in
            let name = try argument.given
            if name == nil, acceptInUse != nil {
                throw ValidationError("--accept-in-use accepts the pairs of one migration: name it.")
            }
            guard name == nil else {
                guard try await check(session.migration(named: name), session) else { throw ExitStatus.failed.code }
                return
            }
            try await checkAll(session)
        }
    }

    /// Each migration that is applied and not cleaned, in order.
    private func checkAll(_ session: Session) async throws {
        let snapshot = try await session.snapshot()
        let applied = try session.registry.migrations.filter { migration in
            guard let state = try snapshot.state(of: migration.name) else { return false }
            // What verify has made failed can be looked at again.
            return [.applied, .verified, .cleaning].contains(state.trustedPhase)
                || state.trustedPhase == .failed && state.failedPhase == "verify"
        }
        guard !applied.isEmpty else {
            session.terminal.report(
                "Nothing is applied that could be compared; `migrateredis status` shows the phases."
            )
            return
        }
        var isValid = true
        for (number, migration) in applied.enumerated() {
            session.terminal.report("\(number == 0 ? "" : "\n")[\(number + 1) of \(applied.count)] \(migration.name)\n")
            if try await !check(migration, session) { isValid = false }
        }
        if !isValid { throw ExitStatus.failed.code }
    }

    /// Compares, and tells; false if something is not as it should be.
    private func check(_ migration: any Migration, _ session: Session) async throws -> Bool {
        if let sample { return try await spotCheck(migration, count: sample, session) }
        try await session.admit(.verify, of: migration)
        if let acceptInUse { try await accept(acceptInUse, of: migration, session) }
        let result = try await session.underLock(for: migration, .verify, "verifying") { lease, runner in
            try await runner.verify(migration, under: lease)
        }
        let compared = Wording.number(result.report.compared)
        if detail.verbose { for line in PlanText.kinds(result.report, "Compared") { session.terminal.remark(line) } }
        guard result.isValid else {
            session.terminal.print("\(migration.name) is not valid: \(compared) compared.")
            for problem in result.problems { session.terminal.print("  \(problem)") }
            for sample in result.report.held.samples.prefix(detail.samples()) {
                session.terminal.print("    \(sample.reason)  \(sample.text)")
            }
            let reasons = result.report.held.counts.keys
            if !reasons.isEmpty { session.terminal.say("To go on: \(HeldReason.remedy(for: reasons)).") }
            return false
        }
        let version = try await session.snapshot().version.get()
        session.terminal.report("\(migration.name) is verified: \(compared) compared. Schema version \(version).")
        return true
    }

    /// The same order as `approve` gives, so that it stands in the history and serves once.
    private func accept(_ count: Int, of migration: any Migration, _ session: Session) async throws {
        guard let state = try await session.snapshotForOrder().state(of: migration.name), let scope = state.scope else {
            throw ValidationError("\(migration.name) was not applied yet: there is nothing to accept.")
        }
        let order = reasoning.order
        let approval = Approval(
            migration: migration.name,
            phase: .verify,
            scope: scope,
            count: count,
            by: order.by,
            at: order.at,
            reason: order.reason
        )
        try await session.store.approve(approval, for: nil, on: session.keyspace)
    }

    private func spotCheck(_ migration: any Migration, count: Int, _ session: Session) async throws -> Bool {
        let report = try await session.runner("sampling").sample(count, of: migration)
        let differing = report.written + report.held.total + report.hot
        let outcome =
            "\(Wording.number(report.compared)) sampled \(report.compared == 1 ? "pair" : "pairs") of \(migration.name) compared, "
            + (differing == 0 ? "all equal" : "\(Wording.number(differing)) not as they should be")
            + ". A sample does not verify the migration."
        if differing == 0 { session.terminal.report(outcome) } else { session.terminal.print(outcome) }
        for sample in report.held.samples.prefix(detail.samples()) {
            session.terminal.print("  \(sample.reason)  \(sample.text)")
        }
        return differing == 0
    }
}
