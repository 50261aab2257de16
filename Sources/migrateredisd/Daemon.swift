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

    static func main() async {
        Secrecy.begin()
        await main(BareSwitches.completed(Array(CommandLine.arguments.dropFirst())))
    }

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("There is no log level “\(logLevel)”.")
        }
    }

    func run() async throws {
        // Until their handlers stand, neither may end the daemon.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        let level = Logger.Level(rawValue: logLevel) ?? .info
        let makeHandler = LogDestination.detect().handlerFactory(identifier: "migrateredisd", level: level)
        LoggingSystem.bootstrap(makeHandler)
        let logger = Logger(label: "migrateredisd")

        let reader = ConfigurationReader(arguments: connection)
        let configuration: ReconcilerConfiguration
        do {
            configuration = try reader.read(logger: logger)
        } catch {
            for line in String(describing: error).split(separator: "\n") {
                logger.critical("configuration refused", metadata: ["detail": .string(String(line))])
            }
            throw ExitStatus.configuration.code
        }
        try await serve(configuration, reader: reader, logger: logger)
    }

    private func serve(
        _ configuration: ReconcilerConfiguration,
        reader: ConfigurationReader,
        logger: Logger
    ) async throws {
        let control = ReconcilerControl()
        let monitor = ProgressMonitor()
        let notifier = Notifier()
        let reporter = DaemonReporter(logger: logger, notifier: notifier, monitor: monitor)
        reporter.warns(of: configuration.caution)
        let reconciler = Reconciler(
            configuration: configuration,
            registry: .outpost,
            identity: .current(instance: instance, version: ProgramVersion.current),
            reporter: reporter,
            control: control
        )
        let loop = ReconcilerService(reconciler: reconciler, control: control) { reporter.waits(for: $0) }
        logger.log(
            Event(
                .started,
                [.detail: "migrateredisd \(ProgramVersion.current), Redis at \(configuration.connection)"]
            )
        )
        var quiet = Logger(label: "lifecycle")
        quiet.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: Stopping(reporter: reporter)),
                    .init(service: WatchdogService(monitor: monitor, notifier: notifier)),
                    .init(service: Reloader(reader: reader, control: control, reporter: reporter)),
                    .init(service: loop, successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet
            )
        )
        try await group.run()
    }
}
