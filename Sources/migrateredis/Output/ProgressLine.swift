import MigrationKit
import Reconciler
import Synchronization

/// The line that shows how far a phase is, for one that takes longer than a second.
final class ProgressLine: Sendable {
    private let terminal: Terminal
    private let activity: String
    private let began = ContinuousClock.now
    private let talk = Mutex(StrainTalk())
    private let state = Mutex<(meter: ProgressMeter, lastDrawn: ContinuousClock.Instant?)>((ProgressMeter(), nil))

    init(terminal: Terminal, activity: String) {
        self.terminal = terminal
        self.activity = activity
    }

    func show(_ progress: Progress) {
        let now = ContinuousClock.now
        if let line = talk.withLock({ $0.line(activity, progress) }) {
            terminal.endLine()
            terminal.say(line)
        }
        guard terminal.isInteractive else { return }
        let elapsed: Duration? = state.withLock { state in
            let elapsed = state.meter.elapsed(at: progress, now: now)
            guard began.duration(to: now) > .seconds(1),
                state.lastDrawn.map({ $0.duration(to: now) >= .milliseconds(200) }) ?? true
            else { return nil }
            state.lastDrawn = now
            return elapsed
        }
        guard let elapsed else { return }
        terminal.redraw(activity + StatusLine.progress(progress, elapsed: elapsed))
    }

    deinit {
        if state.withLock({ $0.lastDrawn != nil }) { terminal.endLine() }
    }
}
