import MigrationKit

/// The one line that says where things stand: for systemd's STATUS= and for `status`.
public enum StatusLine {
    /// The line of a pass, with the step's progress while one is running.
    public static func text(_ report: PassReport, progress: Progress? = nil, elapsed: Duration = .zero) -> String {
        var text = "schema "
        text += report.version.map { "v\($0)" } ?? "unknown"
        if let version = report.version, version != report.target { text += " → v\(report.target)" }
        text += ": "
        switch report.action {
        case .run(let step):
            text += "\(step.migration) \(step.activity)"
            if let progress { text += Self.progress(progress, elapsed: elapsed) }
        case .wait(_, let message, _):
            text += "waiting: \(message)"
        case .stall(let reason, let message, _):
            text += "stalled (\(reason.rawValue)): \(message)"
        case .converged(let pending?):
            text += "converged; \(pending.message)"
        case .converged(nil):
            text += "converged"
        }
        if let held = report.held { text += "; \(held.text)" }
        return text
    }

    /// How far, how fast and how long still: ` 45 % (112,500 of 250,000 keys, 84,000/s, 2 s left)`.
    public static func progress(_ progress: Progress, elapsed: Duration) -> String {
        let done = progress.processedItems
        let total = progress.totalItems
        let milliseconds = elapsed.milliseconds
        var parts: [String] = []
        if total > 0 {
            parts.append("\(Wording.number(min(done, total))) of \(Wording.keys(total))")
        } else {
            parts.append(Wording.keys(done))
        }
        if milliseconds > 200, done > 0 {
            let rate = done * 1000 / Int(milliseconds)
            parts.append("\(Wording.number(rate))/s")
            if rate > 0, (total - done) / rate > 0 {
                parts.append("\(Wording.duration(.seconds((total - done) / rate))) left")
            }
        }
        let percent = total > 0 ? " \(min(100, done * 100 / total)) %" : ""
        let strain = progress.strain.map { ", \($0.text)" } ?? ""
        return "\(percent) (\(parts.joined(separator: ", ")))\(strain)"
    }
}
