import Logging
import MigrationKit
import Reconciler
import RedisClient
import Synchronization

/// Counts what happens, and writes it to the file, if one is wanted.
final class MetricsKeeper: Sendable {
    private struct State {
        var metrics: Metrics
        var file: MetricsFile?
        /// What was last said about a file that cannot be written: once, not at every pass.
        var complaint = ""
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let outlet = Outlet(name: "metrics", capacity: 8)

    init(_ metrics: Metrics, logger: Logger) {
        state = Mutex(State(metrics: metrics))
        self.logger = logger
    }

    /// Writes to this file from now on, and leaves no old one behind.
    func write(to path: String?) {
        let file = path.map(MetricsFile.init)
        let old = state.withLock { state in
            defer { state.file = file }
            state.complaint = ""
            return state.file == file ? nil : state.file
        }
        if let old { outlet.offer { old.remove() } }
        writeSoon()
    }

    /// Notes something, and has it written down.
    func note(_ change: (inout Metrics) -> Void) {
        state.withLock { change(&$0.metrics) }
        writeSoon()
    }

    /// The daemon ends: what nobody writes any more is removed, unless its file system hangs.
    func end() {
        let file = state.withLock { state in
            defer { state.file = nil }
            return state.file
        }
        if let file { outlet.offer { file.remove() } }
        outlet.finish(within: .seconds(1))
    }

    /// On a thread of its own, what is then known: a file system may hang, and work goes on.
    private func writeSoon() {
        guard state.withLock({ $0.file != nil }) else { return }
        outlet.offer(replacing: "write") { [self] in writeNow() }
    }

    private func writeNow() {
        guard let (file, families) = state.withLock({ state in state.file.map { ($0, state.metrics.families) } }) else {
            return
        }
        var complaint = ""
        do {
            try file.write(MetricText.render(families))
        } catch {
            complaint = "\(error)"
        }
        let isNew = state.withLock { state in
            defer { state.complaint = complaint }
            return complaint != state.complaint
        }
        if isNew, !complaint.isEmpty { logger.log(Event(.metricsNotWritten, [.detail: complaint])) }
    }
}
