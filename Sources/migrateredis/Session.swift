import ArgumentParser
import MigrationKit
import Migrations
import Programs
import Reconciler
import RedisClient
import Settings

/// What a command works with: settings, a connection, and the parts that share them.
struct Session {
    let wiring: Wiring
    let interruption: Interruption
    let terminal: Terminal
    /// What was found before a question, for a phase to begin.
    let admission = Admission()
    private let line: KeyspaceLine

    init(wiring: Wiring, keyspace: any Keyspace, interruption: Interruption, terminal: Terminal) {
        self.wiring = wiring
        self.interruption = interruption
        self.terminal = terminal
        line = KeyspaceLine(keyspace)
    }

    /// The keyspace on the connection of the moment.
    var keyspace: any Keyspace { line.keyspace }

    /// Asks a person, and opens the connection anew after a yes; unless it is answered by an option.
    ///
    /// While somebody thinks, servers and proxies close connections that rest, and others forget them without a word. What
    /// was looked at before the question is looked at again under the lock.
    /// Errors: `interrupted`; those of a connection.
    func confirms(_ question: String, unless isForced: Bool = false) async throws -> Bool {
        if isForced { return true }
        admission.growsStale()
        guard try terminal.confirms(question) else { return false }
        if !terminal.saysYes {
            try await line.replace(by: wiring.connection(clientName: "migrateredis").openKeyspace())
        }
        return true
    }

    var registry: MigrationRegistry { .outpost }
    var names: KeyNames { wiring.names }
    var store: SchemaStore { SchemaStore(names: names) }

    /// The version wanted; where the configuration names none, the newest known.
    var target: Target { wiring.target ?? .latest }

    func locksmith() -> Locksmith {
        Locksmith(
            names: names,
            identity: .current(instance: "", version: ProgramVersion.current, person: Person.current),
            times: wiring.lock
        )
    }

    func snapshot() async throws -> SchemaSnapshot {
        try await store.snapshot(of: registry.migrations.map(\.name), on: keyspace)
    }

    /// Runs phases with their progress shown; an interrupt from the keyboard, and an order to stop, stops at the end of the
    /// batch in hand.
    func runner(_ activity: String, orders: StepOrders? = nil, announcer: Announcer? = nil) -> PhaseRunner {
        let bar = ProgressLine(terminal: terminal, activity: activity)
        let interruption = interruption
        return PhaseRunner(
            store: store,
            keyspace: keyspace,
            registry: registry,
            limits: wiring.limits,
            progress: { progress in
                bar.show(progress)
                announcer?.progressed(progress)
            },
            shouldStop: { interruption.isRequested || orders?.objection != nil }
        )
    }

    /// The migration of a name that has to be given.
    func migration(named name: String?) throws -> any Migration {
        guard let name else {
            throw ValidationError(
                "Which migration? Name it behind the command or with -migration, such as -migration 001_hash_tags. All that is "
                    + "due is run by `migrateredis converge`."
            )
        }
        return try registry.migration(named: name)
    }

    /// Which of the commands that any phase needs the server lacks or refuses.
    func survey(_ snapshot: SchemaSnapshot) async throws -> CommandSurvey {
        try await CommandSurvey.run(
            names,
            hasReplicas: snapshot.server.connectedReplicas.map { $0 > 0 } ?? true,
            on: keyspace
        )
    }

    /// What an order is given by.
    ///
    /// Errors: `notMaster`, since an order on a replica is one that nobody hears.
    func snapshotForOrder() async throws -> SchemaSnapshot {
        let snapshot = try await snapshot()
        try requireMaster(snapshot)
        return snapshot
    }

    /// Throws on a replica.
    func requireMaster(_ snapshot: SchemaSnapshot) throws {
        if let refusal = snapshot.server.replicaRefusal { throw MigrationError(.notMaster, refusal) }
    }

    /// Why this is hardly the keyspace that was meant; nil where nothing speaks against it.
    func placeDoubt(_ snapshot: SchemaSnapshot) async throws -> String? {
        let interruption = interruption
        return try await snapshot.placeDoubt(registry, names, on: keyspace) { interruption.isRequested }
    }

    /// Throws where this is hardly the keyspace that was meant, unless a person insists.
    func admitPlace(_ snapshot: SchemaSnapshot, isForced: Bool) async throws {
        guard let doubt = try await placeDoubt(snapshot) else { return }
        guard isForced else {
            throw MigrationError(.doubtfulPlace, "\(doubt) Nothing was changed; --force goes on in it all the same.")
        }
        terminal.say("Warning: \(doubt)")
    }
}

extension CommonOptions {
    /// Reads the settings, connects, runs a command, and ends with the status that its failure means.
    ///
    /// `whenUnreachable` is told before that of an error of Redis.
    func withSession(
        saysYes: Bool = false,
        isQuiet: Bool = false,
        _ body: (Session) async throws -> Void,
        whenUnreachable: (RedisError, Wiring, Terminal) throws -> Void = { _, _, _ in }
    ) async throws {
        try await withWiring(
            saysYes: saysYes,
            isQuiet: isQuiet,
            { wired, terminal in
                let keyspace = try await wired.connection(clientName: "migrateredis").openKeyspace()
                if await keyspace.asksForNoPassword { terminal.say("Warning: \(Hint.surplusPassword(wired.loaded))") }
                let session = Session(
                    wiring: wired,
                    keyspace: keyspace,
                    interruption: Interruption.begin(),
                    terminal: terminal
                )
                try await body(session)
                await session.keyspace.close()
            },
            whenUnreachable: whenUnreachable
        )
    }

    /// Reads the settings, runs a command that connects by itself, and ends with the status that its failure means.
    func withWiring(
        saysYes: Bool = false,
        isQuiet: Bool = false,
        _ body: (Wiring, Terminal) async throws -> Void,
        whenUnreachable: (RedisError, Wiring, Terminal) throws -> Void = { _, _, _ in }
    ) async throws {
        let terminal = Terminal(saysYes: saysYes, isQuiet: isQuiet)
        var settings: LoadedSettings?
        var wiring: Wiring?
        do {
            let loaded = try SettingsReader(connection.sources(readsWorkingDirectory: true, instance: instance)).read()
            settings = loaded
            for warning in loaded.warnings { terminal.say("Warning: \(warning)") }
            let wired = try Wiring(loaded)
            wiring = wired
            try await body(wired, terminal)
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            // What stands in Redis decides here, and not how the command is written: no help with the usage.
            terminal.endLine()
            terminal.say("migrateredis: \(error.message)")
            throw ExitStatus.usage.code
        } catch {
            terminal.endLine()
            if let error = error as? RedisError, let wiring { try whenUnreachable(error, wiring, terminal) }
            terminal.say("migrateredis: \(error)")
            if let hint = Hint.text(for: error, settings: settings) { terminal.say(hint) }
            throw ExitStatus(error).code
        }
    }
}
