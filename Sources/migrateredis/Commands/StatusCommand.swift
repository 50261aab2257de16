import ArgumentParser
import MigrationKit
import Migrations
import Programs
import Reconciler

/// Where the schema stands, and what happens next.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show version, target, each migration's phase, the lock, and what happens next."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var form: OutputOption

    @Flag(
        name: [.customLong("check"), .customLong("check", withSingleDash: true)],
        help: "For monitoring: exit 0 converged, 1 on its way or waiting, 2 stalled, 3 unknown."
    )
    var check = false

    func run() async throws {
        var document: StatusDocument?
        do {
            try await options.withSession { session in
                let found = try await look(session)
                document = found
                try show(found, on: session.terminal)
            } whenUnreachable: { error, wiring, terminal in
                // People are told why on standard error; programs read the same document as ever.
                if form.output == .json { try show(unknown(error, wiring), on: terminal) }
            }
        } catch is ExitCode where check {
            throw ExitCode(3)
        }
        if check, let document, document.checkStatus != 0 { throw ExitCode(document.checkStatus) }
    }

    private func look(_ session: Session) async throws -> StatusDocument {
        StatusDocument(
            try await session.snapshot(),
            desired: session.wiring.desired(target: session.target),
            targetFrom: session.wiring.target == nil ? .newest : .configuration,
            registry: session.registry,
            names: session.names,
            address: session.keyspace.options.description
        )
    }

    private func unknown(_ error: any Error, _ wiring: Wiring) -> StatusDocument {
        StatusDocument(
            failedLook: error,
            desired: wiring.desired(target: wiring.target ?? .latest),
            targetFrom: wiring.target == nil ? .newest : .configuration,
            registry: .outpost,
            address: wiring.connection(clientName: "").description
        )
    }

    private func show(_ document: StatusDocument, on terminal: Terminal) throws {
        switch form.output {
        case .json: terminal.print(try document.json())
        case .text: for line in StatusText.lines(document) { terminal.print(line) }
        }
    }
}
