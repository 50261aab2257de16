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

    func run() async throws {
        try await options.withSession { session in
            let migration = try session.migration(options)
            let runner = session.runner("verifying")
            let result = try await session.underLock(for: migration) { lease in
                try await runner.verify(migration, under: lease)
            }
            let pairs = Wording.number(result.report.pairs)
            guard result.isValid else {
                session.terminal.print("\(migration.name) is not valid: \(pairs) pairs compared.")
                for problem in result.problems { session.terminal.print("  \(problem)") }
                for sample in result.report.held.samples {
                    session.terminal.print("    \(sample.reason)  \(sample.key)")
                }
                throw ExitStatus.failed.code
            }
            let version = try await session.snapshot().version.get()
            session.terminal.print("\(migration.name) is verified: \(pairs) pairs compared. Schema version \(version).")
        }
    }
}
