import CSystemd

/// The manager's demand to hear from this process at least once in a given time (`WatchdogSec=`).
public struct Watchdog: Equatable, Sendable {
    /// The silence after which the manager takes the service for hung and ends it.
    public let timeout: Duration

    /// Creates a demand of this length.
    public init(timeout: Duration) {
        self.timeout = timeout
    }

    /// How often to ping: half of the timeout, as sd_watchdog_enabled(3) recommends.
    public var pingInterval: Duration { timeout / 2 }

    /// How often to look whether a ping is due.
    ///
    /// Half of the ping interval, because a look may fall just between a wait's end and the next step, and refuse. With
    /// nothing before the next ping interval, that one refusal would let the whole timeout pass.
    var checkInterval: Duration { pingInterval / 2 }

    /// Reads the demand from `$WATCHDOG_USEC` and `$WATCHDOG_PID`.
    ///
    /// Returns `nil` if there is none, if it is meant for another process, or if it is not a usable number.
    public static func requested() -> Watchdog? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return Watchdog(timeout: .microseconds(Int64(clamping: microseconds)))
    }

    /// Pings the manager for as long as the progress allows it, until the task is cancelled.
    ///
    /// Run it as a task of its own beside the loop that reports to `progress`.
    public func keepAlive(_ progress: ProgressMonitor, through notifier: Notifier) async {
        while !Task.isCancelled {
            if progress.shouldPing() {
                notifier.watchdog()
            }
            // It throws only when cancelled, and then the condition above ends the loop.
            try? await Task.sleep(for: checkInterval)
        }
    }
}
