import ArgumentParser
import MigrationKit
import Programs
import Reconciler

/// Where the schema stands, and what happens next.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show version, target, each migration's phase, the lock, and what happens next."
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @OptionGroup var options: CommonOptions

    @Option(
        name: [.customLong("output"), .customLong("output", withSingleDash: true)],
        help: "How to write it: text or json."
    )
    var output = Format.text

    @Flag(
        name: [.customLong("check"), .customLong("check", withSingleDash: true)],
        help: "For monitoring: exit 0 converged, 1 on its way or waiting, 2 stalled, 3 unknown."
    )
    var check = false

    func run() async throws {
        var verdict: ExitCode?
        do {
            try await options.withSession { session in
                verdict = try await show(session)
            }
        } catch is ExitCode where check {
            throw ExitCode(3)
        }
        if check, let verdict, verdict != .success { throw verdict }
    }

    /// Shows it, and returns what monitoring makes of it.
    private func show(_ session: Session) async throws -> ExitCode {
        let snapshot = try await session.snapshot()
        var observation = Observation(snapshot, registry: session.registry, names: session.names)
        observation.lockedBy = snapshot.lock.holder
        let action = decide(observation, session.wiring.desired(target: session.target))
        let document = StatusDocument(
            snapshot,
            action: action,
            target: session.target.resolved(latest: session.registry.latest),
            registry: session.registry,
            address: session.keyspace.options.description
        )
        switch output {
        case .json:
            session.terminal.print(try document.json())
        case .text:
            for line in StatusText.lines(document, action: action, isTargetConfigured: session.wiring.target != nil) {
                session.terminal.print(line)
            }
        }
        switch action {
        case .converged: return .success
        case .run, .wait: return ExitCode(1)
        case .stall: return ExitCode(2)
        }
    }
}
