import ArgumentParser
import Glibc
import Logging
import MigrationKit
import Migrations
import Programs
import Reconciler
import RedisClient
import ServiceLifecycle
import Settings
import Systemd

/// `migrateredisd`: makes a keyspace follow the configuration, for as long as it runs.
@main
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrateredisd",
        abstract: "Makes a Redis keyspace follow the schema version that its configuration names.",
        version: ProgramVersion.current
    )

    @OptionGroup var connection: ConnectionArguments

    @Option(
        name: [.customLong("log-level"), .customLong("log-level", withSingleDash: true)],
        help: ArgumentHelp("Least level that is logged: debug, info, notice, warning, error.", valueName: "level")
    )
    var logLevel = "info"

    @Option(
        name: [.customLong("instance"), .customLong("instance", withSingleDash: true)],
        help: ArgumentHelp("Name among several daemons of this host.", valueName: "name")
    )
    var instance = ""

    @Flag(
        name: [.customLong("check-config"), .customLong("check-config", withSingleDash: true)],
        help: "Read the configuration, say what is wrong with it, and end with 0 or 78; asks no Redis."
    )
    var checksConfiguration = false

    static func main() async {
        Secrecy.begin()
        do {
            var command = try parseAsRoot(Spelling.normalized(Array(CommandLine.arguments.dropFirst())))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("There is no log level “\(logLevel)”.")
        }
    }

    func run() async throws {
        if checksConfiguration {
            let check = ConfigurationReader(arguments: connection).check(latest: MigrationRegistry.outpost.latest)
            throw check.tell(.detect()).code
        }
        // Until their handlers stand, neither may end the daemon.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        let level = Logger.Level(rawValue: logLevel) ?? .info
        let makeHandler = LogDestination.detect().handlerFactory(identifier: "migrateredisd", level: level)
        LoggingSystem.bootstrap(makeHandler)
        // Whoever does not read it must not keep the daemon from its end.
        defer { LogOutlet.finish(within: .seconds(1)) }
        let logger = Logger(label: "migrateredisd")

        let reader = ConfigurationReader(arguments: connection)
        let configuration: DaemonConfiguration
        do {
            configuration = try reader.read(logger: logger)
        } catch {
            for line in String(describing: error).split(separator: "\n") {
                logger.log(Event(.configurationRefused, [.detail: String(line)]))
            }
            // What was read and cannot be used is the configuration, whatever the error is.
            throw (ExitStatus(error) == .usage ? ExitStatus.usage : .configuration).code
        }
        try await serve(configuration, reader: reader, logger: logger)
    }

    private func serve(
        _ configuration: DaemonConfiguration,
        reader: ConfigurationReader,
        logger: Logger
    ) async throws {
        let control = ReconcilerControl()
        let monitor = ProgressMonitor()
        let outlet = Outlet(name: "notify", capacity: 64)
        defer { outlet.finish(within: .seconds(1)) }
        let notifier = Notifier(outlet: outlet)
        let metrics = MetricsKeeper(
            Metrics(version: ProgramVersion.current, latest: MigrationRegistry.outpost.latest, started: .now),
            logger: logger
        )
        let renewal = PasswordRenewal(control: control, logger: logger)
        let reporter = DaemonReporter(
            logger: logger,
            notifier: notifier,
            monitor: monitor,
            metrics: metrics,
            renewal: renewal
        )
        reporter.takes(configuration)
        let reconciler = Reconciler(
            configuration: configuration.reconciler,
            registry: .outpost,
            identity: .current(instance: instance, version: ProgramVersion.current),
            reporter: reporter,
            control: control
        )
        let loop = ReconcilerService(reconciler: reconciler, control: control) { reporter.waits(for: $0) }
        logger.log(
            Event(
                .started,
                [.detail: "migrateredisd \(ProgramVersion.current), Redis at \(configuration.reconciler.connection)"]
            )
        )
        var quiet = Logger(label: "lifecycle")
        quiet.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: WatchdogService(monitor: monitor, notifier: notifier)),
                    .init(service: Reloader(reader: reader, control: control, reporter: reporter)),
                    .init(service: loop, successTerminationBehavior: .gracefullyShutdownGroup),
                    // The last is told first that it is to stop.
                    .init(service: Stopping(reporter: reporter)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet
            )
        )
        defer { metrics.end() }
        try await group.run()
        // Any status but that of a wrong configuration makes systemd start it again; this one says: try again.
        if renewal.isDue { throw ExitStatus.temporary.code }
    }
}
