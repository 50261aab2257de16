/// What a service can tell its manager about itself, in the words of sd_notify(3).
enum ServiceState: Equatable, Sendable {
    case ready(status: String?)
    case status(String)
    case reloading(at: MonotonicTime)
    case stopping(status: String?)
    case extendTimeout(Duration)
    case watchdog

    /// The manager drops a whole datagram beyond 4,096 bytes, so one long status could silence a READY=1.
    static let statusLimit = 1_024

    /// The assignments that make up the datagram, one a line.
    var datagram: String {
        switch self {
        case .ready(let status): Self.lines("READY=1", status)
        case .status(let text): Self.statusLine(text)
        case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time.microseconds)"
        case .stopping(let status): Self.lines("STOPPING=1", status)
        case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(Self.microseconds(duration))"
        case .watchdog: "WATCHDOG=1"
        }
    }

    /// What waits under the same key is outdated by it.
    var outletKey: String? {
        switch self {
        case .status: "status"
        case .watchdog: "watchdog"
        case .ready, .reloading, .stopping, .extendTimeout: nil
        }
    }

    private static func lines(_ state: String, _ status: String?) -> String {
        status.map { "\(state)\n\(statusLine($0))" } ?? state
    }

    /// A newline in the text would be another assignment, so it may not stay one.
    private static func statusLine(_ text: String) -> String {
        "STATUS=" + LogText.oneLine(text, atMost: statusLimit)
    }

    /// Rounds up, since an extension cut short is a kill; what is out of range becomes the nearest that is in it.
    private static func microseconds(_ duration: Duration) -> Int64 {
        guard duration > .zero else { return 0 }
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (fraction, remainder) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(fraction + (remainder > 0 ? 1 : 0))
        return overflow || carry ? .max : sum
    }
}
