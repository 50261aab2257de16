import ArgumentParser
import MigrationKit
import Migrations
import Programs
import Reconciler
import RedisClient

/// Where the schema stands, and what happens next.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show version, target, each migration's phase, the lock, and what happens next."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var form: OutputOption

    @Flag(
        name: .anyDash("check"),
        help: "For monitoring: exit 0 converged, 1 on its way or waiting, 2 stalled, 3 unknown."
    )
    var check = false

    @Flag(
        name: .anyDash("watch"),
        help: "Show it again and again: in place on a terminal, else a line for each change."
    )
    var watch = false

    @Option(
        name: .anyDash("held"),
        help: ArgumentHelp("Walk over all keys, and show every one that this migration holds back.", valueName: "name")
    )
    var held: String?

    func validate() throws {
        guard [watch, check, held != nil].count(where: { $0 }) < 2 else {
            throw ValidationError("--watch, --check and --held are three different things: give one of them.")
        }
        guard !watch || form.output == .text else { throw ValidationError("--watch writes text only.") }
    }

    func run() async throws {
        if let held { return try await showHeld(held) }
        if watch { return try await showAgainAndAgain() }
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

    /// Every held key as it is found; what is read of each is no more than a page at a time.
    private func showHeld(_ name: String) async throws {
        try await options.withSession { session in
            let migration = try session.registry.migration(named: name)
            let text = HeldText(keyspace: session.keyspace, terminal: session.terminal, form: form.output)
            let report = try await session.runner("looking").listHeld(of: migration) { try await text.write($0) }
            session.terminal.endLine()
            session.terminal.say("\(migration.name) holds \(Wording.keys(report.held.total)) back.")
        }
    }

    private func showAgainAndAgain() async throws {
        try await options.withWiring { wiring, terminal in
            try await StatusWatch(
                wiring: wiring,
                terminal: terminal,
                look: { try await look($0) },
                failed: { unknown($0, wiring) }
            ).run()
        }
    }

    private func look(_ session: Session) async throws -> StatusDocument {
        let snapshot = try await session.snapshot()
        var document = StatusDocument(
            snapshot,
            desired: session.wiring.desired(target: session.target),
            targetFrom: session.wiring.target == nil ? .newest : .configuration,
            registry: session.registry,
            names: session.names,
            address: session.keyspace.options.description
        )
        document.take(try await daemons(session, at: snapshot.time), at: snapshot.time)
        return document
    }

    /// What daemons tell of themselves; nothing where far more stands there than they write.
    private func daemons(_ session: Session, at time: Timestamp) async throws -> [DaemonRecord] {
        do {
            return try await session.store.daemons(at: time, on: session.keyspace)
        } catch let error as RedisError where error.code == .replyTooLarge {
            _ = try await session.keyspace.reopen()
            return []
        }
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
        case .text: terminal.show(StatusText.lines(document))
        }
    }
}
