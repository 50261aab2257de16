import Logging
import Reconciler
import ServiceLifecycle
import Systemd
import UnixSignals

/// Reads the configuration again at SIGHUP, without waiting for the step in hand; a bad one leaves the old in force.
struct Reloader: Service {
    let reader: ConfigurationReader
    let control: ReconcilerControl
    let reporter: DaemonReporter

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            reporter.reloads()
            do {
                let configuration = try reader.read(logger: Logger(label: "migrateredisd"))
                // With a password that is outdated the next look would only be refused.
                if configuration.credential?.isOutdated != true { control.reload(configuration.reconciler) }
                reporter.takes(configuration)
                reporter.reloaded(refused: nil)
            } catch {
                let reason = String(describing: error).split(separator: "\n").joined(separator: "; ")
                reporter.reloaded(refused: reason)
            }
        }
    }
}

/// Pings systemd's watchdog while the loop makes progress or waits on purpose.
struct WatchdogService: Service {
    let monitor: ProgressMonitor
    let notifier: Notifier

    func run() async throws {
        guard let watchdog = Watchdog.requested() else {
            try await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown { await watchdog.keepAlive(monitor, through: notifier) }
    }
}

/// Tells systemd, once, that the daemon is stopping.
struct Stopping: Service {
    let reporter: DaemonReporter

    func run() async throws {
        try? await gracefulShutdown()
        reporter.stops()
    }
}
