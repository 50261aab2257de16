import MigrationKit
import Reconciler
import Synchronization

/// The line that shows how far a phase is, for one that takes longer than a second.
final class ProgressLine: Sendable {
    private let terminal: Terminal
    private let activity: String
    private let began = ContinuousClock.now
    private let lastDrawn = Mutex<ContinuousClock.Instant?>(nil)

    init(terminal: Terminal, activity: String) {
        self.terminal = terminal
        self.activity = activity
    }

    func show(_ progress: Progress) {
        let now = ContinuousClock.now
        let elapsed = began.duration(to: now)
        guard terminal.isInteractive, elapsed > .seconds(1) else { return }
        let isDue = lastDrawn.withLock { last in
            guard last.map({ $0.duration(to: now) >= .milliseconds(200) }) ?? true else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        terminal.redraw(activity + StatusLine.progress(progress, elapsed: elapsed))
    }

    deinit {
        if lastDrawn.withLock({ $0 != nil }) { terminal.endLine() }
    }
}
