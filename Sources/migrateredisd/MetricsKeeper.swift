import Logging
import MigrationKit
import Reconciler
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

    init(_ metrics: Metrics, logger: Logger) {
        state = Mutex(State(metrics: metrics))
        self.logger = logger
    }

    /// Writes to this file from now on, and leaves no old one behind.
    func write(to path: String?) {
        change { state in
            let file = path.map(MetricsFile.init)
            if file != state.file { state.file?.remove() }
            state.file = file
            state.complaint = ""
        }
    }

    /// Notes something, and writes it down.
    func note(_ change: (inout Metrics) -> Void) {
        self.change { change(&$0.metrics) }
    }

    /// The daemon ends: what nobody writes any more is removed.
    func end() {
        state.withLock { state in
            state.file?.remove()
            state.file = nil
        }
    }

    private func change(_ change: (inout State) -> Void) {
        let complaint: String? = state.withLock { state in
            change(&state)
            guard let file = state.file else { return nil }
            var complaint = ""
            do {
                try file.write(MetricText.render(state.metrics.families))
            } catch {
                complaint = "\(error)"
            }
            defer { state.complaint = complaint }
            return complaint == state.complaint ? nil : complaint
        }
        guard let complaint, !complaint.isEmpty else { return }
        logger.log(Event(.metricsNotWritten, [.detail: complaint]))
    }
}
