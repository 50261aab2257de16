import Logging
import MigrationKit
import Programs
import Reconciler
import Synchronization
import Systemd

/// Turns what the reconciler says into journal entries, systemd's STATUS= and proof for the watchdog.
final class DaemonReporter: ReconcilerReporter {
    private struct State {
        var isReady = false
        var isStopping = false
        /// Whether something was done that a rest has no need of: the start itself, a step, a reload.
        var hasWorked = true
        var meter = ProgressMeter()
        var lastStatus = ContinuousClock.now
        var statusText = ""
        var caution: String?
    }

    private let logger: Logger
    private let notifier: Notifier
    private let monitor: ProgressMonitor
    private let state = Mutex(State())

    private let metrics: MetricsKeeper
    private let renewal: PasswordRenewal

    init(
        logger: Logger,
        notifier: Notifier,
        monitor: ProgressMonitor,
        metrics: MetricsKeeper,
        renewal: PasswordRenewal
    ) {
        self.logger = logger
        self.notifier = notifier
        self.monitor = monitor
        self.metrics = metrics
        self.renewal = renewal
    }

    /// A configuration is in force from now on; every status says what a person should be uneasy about in it.
    func takes(_ configuration: DaemonConfiguration) {
        state.withLock {
            $0.caution = configuration.reconciler.caution
            $0.hasWorked = true
        }
        metrics.write(to: configuration.metricsFile)
        renewal.watch(configuration.credential)
    }

    func decided(_ report: PassReport) {
        monitor.progressed()
        metrics.note { $0.decided(report, at: .now) }
        show(StatusLine.text(report))
        if report.action.explanation.reason == .permissionDenied { renewal.lookSoon() }
    }

    func progressed(_ step: Step, _ progress: Progress, in report: PassReport) {
        monitor.progressed()
        let now = ContinuousClock.now
        let elapsed: Duration? = state.withLock { state in
            let elapsed = state.meter.elapsed(at: progress, now: now)
            return state.lastStatus.duration(to: now) >= .seconds(1) ? elapsed : nil
        }
        guard let elapsed else { return }
        metrics.note { $0.progressed(progress) }
        let line = StatusLine.text(report, progress: progress, elapsed: elapsed)
        show(line)
        logger.info(
            "progress",
            metadata: [
                "migration": .string(step.migration), "phase": .string(step.kind.rawValue), "detail": .string(line),
            ]
        )
    }

    func happened(_ event: Event) {
        monitor.progressed()
        metrics.note { $0.happened(event, at: .now) }
        if event.kind == .stepStarted {
            state.withLock {
                $0.meter = ProgressMeter()
                $0.hasWorked = true
            }
        }
        logger.log(event)
    }

    /// The loop is about to wait on purpose; the next pass gets time for a connection that does not come about.
    func waits(for duration: Duration) {
        monitor.waitingOnPurpose(until: .now + duration + .seconds(15))
        let hasWorked = state.withLock { state in
            defer { state.hasWorked = false }
            return state.hasWorked
        }
        // Once, and not before each wait: what a look at Redis needs stays.
        if hasWorked { ResidentMemory.giveBack() }
    }

    /// The daemon was told to stop: the batch in hand still ends.
    func stops() {
        state.withLock { $0.isStopping = true }
        logger.log(Event(.stopping))
        notifier.stopping(status: "stopping at the end of the batch in hand")
        // The least that a batch may need; the unit's TimeoutStopSec= is longer.
        notifier.extendTimeout(.seconds(30))
    }

    /// A reload begins.
    func reloads() {
        notifier.reloading()
    }

    /// A reload has ended, with the reason if the new configuration was refused.
    func reloaded(refused reason: String?) {
        let text = state.withLock { $0.statusText }
        if let reason {
            let event = Event(.reloadRefused, [.detail: reason])
            logger.log(event)
            metrics.note { $0.happened(event, at: .now) }
            notifier.ready(status: "configuration refused: \(reason); \(text)")
        } else {
            logger.log(Event(.reloaded))
            metrics.note { $0.happened(Event(.reloaded), at: .now) }
            notifier.ready(status: text)
            renewal.lookSoon()
        }
    }

    /// READY=1 goes with the first line, before any action, whether Redis answered or not.
    private func show(_ line: String) {
        let shown: (isFirst: Bool, text: String)? = state.withLock { state in
            guard !state.isStopping else { return nil }
            state.lastStatus = .now
            state.statusText = state.caution.map { "\(line) (warning: \($0))" } ?? line
            defer { state.isReady = true }
            return (!state.isReady, state.statusText)
        }
        guard let shown else { return }
        if shown.isFirst {
            notifier.ready(status: shown.text)
        } else {
            notifier.status(shown.text)
        }
    }
}
