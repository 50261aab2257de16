import ArgumentParser
import MigrationKit
import Programs
import Reconciler
import RedisClient

/// Waits until the schema is there: for units of applications that must not start before.
struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Return once the schema is at least at a version; exit 75 when that takes too long.",
        discussion: "Writes nothing and takes no lock. While Redis is away it waits on."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption

    @Option(
        name: .anyDash("version"),
        help: ArgumentHelp("The version to wait for (default: the target).", valueName: "version")
    )
    var version: Int?

    @Option(
        name: .anyDash("timeout"),
        help: ArgumentHelp("Give up after this time, such as 10m (default: never).", valueName: "time")
    )
    var timeout: String?

    func validate() throws {
        if let version, version < 0 { throw ValidationError("There is no version \(version).") }
        _ = try time
    }

    private var time: Duration? {
        get throws { try timeout.map { try $0 == "0" ? .zero : CommandTime.parse($0, option: "--timeout") } }
    }

    func run() async throws {
        let began = ContinuousClock.now
        let end = try time.map { began + $0 }
        try await options.withWiring(isQuiet: talk.quiet) { wiring, terminal in
            let interruption = Interruption.begin()
            var waiting = SchemaWait(wiring: wiring, version: version)
            var told = ""
            while true {
                let left = end.map { ContinuousClock.now.duration(to: $0) }
                switch try await waiting.look(within: left) {
                case .reached(let version):
                    terminal.endLine()
                    terminal.report("Schema version \(version).")
                    return await waiting.close()
                case .missing(let text, let progress):
                    if text != told { terminal.remark(text) }
                    if let progress { terminal.redraw(progress) }
                    told = text
                }
                if let end, ContinuousClock.now >= end {
                    terminal.endLine()
                    terminal.say("Timed out after \(Wording.duration(began.duration(to: .now))).")
                    throw ExitStatus.temporary.code
                }
                try await Self.pause(until: end, interruption)
            }
        }
    }

    /// A second, or what is left of the time.
    private static func pause(until end: ContinuousClock.Instant?, _ interruption: Interruption) async throws {
        let next = min(ContinuousClock.now + .seconds(1), end ?? .now + .seconds(1))
        while ContinuousClock.now < next {
            if interruption.isRequested { throw ExitStatus.temporary.code }
            try await Task.sleep(for: min(.milliseconds(50), ContinuousClock.now.duration(to: next)))
        }
    }
}

/// Looks whether a version is reached, through whatever happens to the connection.
struct SchemaWait {
    enum Finding {
        case reached(Int)
        /// What is waited for, and on a terminal how far that is.
        case missing(String, progress: String?)
    }

    let wiring: Wiring
    /// The version waited for; nil for the target.
    let version: Int?
    private var keyspace: (any Keyspace)?

    init(wiring: Wiring, version: Int?) {
        self.wiring = wiring
        self.version = version
    }

    /// Looks once.
    ///
    /// Errors: what does not pass by waiting, such as a refused user.
    mutating func look(within left: Duration?) async throws -> Finding {
        do {
            return finding(in: try await snapshot(within: left))
        } catch let error as RedisError where ExitStatus(error) == .unavailable || error.isRetryable {
            await close()
            let goal = version.map { "schema version \($0)" } ?? "the schema"
            return .missing("Waiting for \(goal): \(error.message)", progress: nil)
        }
    }

    mutating func close() async {
        await keyspace?.close()
        keyspace = nil
    }

    private mutating func snapshot(within left: Duration?) async throws -> SchemaSnapshot {
        let current: any Keyspace
        if let keyspace, await !keyspace.isClosed {
            current = keyspace
        } else {
            var options = wiring.connection(clientName: "migrateredis")
            if let left { options.connectTimeout = min(options.connectTimeout, max(left, .milliseconds(100))) }
            current = try await options.openKeyspace()
            keyspace = current
        }
        return try await SchemaStore(names: wiring.names)
            .snapshot(of: MigrationRegistry.outpost.migrations.map(\.name), on: current)
    }

    /// Why it is not there yet.
    private static func reason(_ next: StatusDocument.Next) -> String {
        switch next.action {
        case "wait", "stall", "none": return next.message
        default: return "\(next.message) is due."
        }
    }

    private func finding(in snapshot: SchemaSnapshot) -> Finding {
        let document = StatusDocument(
            snapshot,
            desired: wiring.desired(target: wiring.target ?? .latest),
            targetFrom: wiring.target == nil ? .newest : .configuration,
            registry: .outpost,
            names: wiring.names,
            address: ""
        )
        let wanted = version ?? document.target
        if let now = document.version, now >= wanted { return .reached(now) }
        let stands = document.version.map { "it is at \($0)" } ?? "it cannot be read"
        let running = document.lock.flatMap { lock in document.migrations.first { $0.name == lock.migration }?.progress
        }
        return .missing(
            "Waiting for schema version \(wanted), \(stands). \(Self.reason(document.next))",
            progress: running.map { StatusLine.progress($0, elapsed: .zero) }
        )
    }
}
