import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Compares everything; raises the version when all is right.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare everything, and raise the version when all is right; exit 1 when it is not."
    )

    @OptionGroup var options: CommonOptions

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
            let migration = try session.migration(options)
            if let sample {
                try await spotCheck(migration, count: sample, session)
                return
            }
            let result = try await session.underLock(for: migration, "verifying", verifies: true) { lease, runner in
                try await runner.verify(migration, under: lease)
            }
            let compared = Wording.number(result.report.compared)
            guard result.isValid else {
                session.terminal.print("\(migration.name) is not valid: \(compared) compared.")
                for problem in result.problems { session.terminal.print("  \(problem)") }
                for sample in result.report.held.samples {
                    session.terminal.print("    \(sample.reason)  \(sample.key)")
                }
                throw ExitStatus.failed.code
            }
            let version = try await session.snapshot().version.get()
            session.terminal.print("\(migration.name) is verified: \(compared) compared. Schema version \(version).")
        }
    }

    private func spotCheck(_ migration: any Migration, count: Int, _ session: Session) async throws {
        let report = try await session.runner("sampling").sample(count, of: migration)
        let differing = report.written + report.held.total + report.hot
        session.terminal.print(
            "\(Wording.number(report.compared)) of \(migration.name) compared, \(Wording.number(differing)) not as they should be. "
                + "A spot check proves nothing and raises nothing."
        )
        for sample in report.held.samples { session.terminal.print("  \(sample.reason)  \(sample.key)") }
        if differing > 0 { throw ExitStatus.failed.code }
    }
}
