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

    @Option(
        name: [.customLong("sample"), .customLong("sample", withSingleDash: true)],
        help: ArgumentHelp(
            "Only compare so many pairs, chosen by chance; never raises the version.",
            valueName: "count"
        )
    )
    var sample: Int?

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample takes a number above 0.") }
    }

    func run() async throws {
        try await options.withSession { session in
            let named = try argument.merged(into: options)
            guard named.migration == nil else {
                guard try await check(session.migration(named), session) else { throw ExitStatus.failed.code }
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
            session.terminal.print("Nothing is applied that could be compared; `migrateredis status` shows the phases.")
            return
        }
        var isValid = true
        for (number, migration) in applied.enumerated() {
            session.terminal.print("\(number == 0 ? "" : "\n")[\(number + 1) of \(applied.count)] \(migration.name)\n")
            if try await !check(migration, session) { isValid = false }
        }
        if !isValid { throw ExitStatus.failed.code }
    }

    /// Compares, and tells; false if something is not as it should be.
    private func check(_ migration: any Migration, _ session: Session) async throws -> Bool {
        if let sample { return try await spotCheck(migration, count: sample, session) }
        let result = try await session.underLock(for: migration, "verifying") { lease, runner in
            try await runner.verify(migration, under: lease)
        }
        let compared = Wording.number(result.report.compared)
        guard result.isValid else {
            session.terminal.print("\(migration.name) is not valid: \(compared) compared.")
            for problem in result.problems { session.terminal.print("  \(problem)") }
            for sample in result.report.held.samples { session.terminal.print("    \(sample.reason)  \(sample.key)") }
            return false
        }
        let version = try await session.snapshot().version.get()
        session.terminal.print("\(migration.name) is verified: \(compared) compared. Schema version \(version).")
        return true
    }

    private func spotCheck(_ migration: any Migration, count: Int, _ session: Session) async throws -> Bool {
        let report = try await session.runner("sampling").sample(count, of: migration)
        let differing = report.written + report.held.total + report.hot
        session.terminal.print(
            "\(Wording.number(report.compared)) of \(migration.name) compared, \(Wording.number(differing)) not as they should be. "
                + "A spot check proves nothing and raises nothing."
        )
        for sample in report.held.samples { session.terminal.print("  \(sample.reason)  \(sample.key)") }
        return differing == 0
    }
}
