import CSystemd
import Glibc
import RedisClient

/// Tells the service manager how the service is, over the socket named by `$NOTIFY_SOCKET`.
///
/// Every call is one datagram, may be made from any task, and does nothing where the variable is not set, so that the
/// same program runs under systemd and by hand. The variable stays set: the next call needs it. See sd_notify(3).
public struct Notifier: Sendable {
    private let outlet: Outlet?

    /// Creates a notifier; there may be several.
    ///
    /// With an outlet that sends the datagrams: a manager that does not read would otherwise hold up whoever tells it
    /// something. Of several statuses that wait the last one is sent.
    public init(outlet: Outlet? = nil) {
        self.outlet = outlet
    }

    /// Says that the service has started, or that a reload is over.
    ///
    /// A status that is given replaces the one shown before; see ``status(_:)``.
    @discardableResult
    public func ready(status: String? = nil) -> NotifyResult {
        send(.ready(status: status))
    }

    /// Sets the one line that `systemctl status` shows.
    ///
    /// Newlines and other control characters become spaces, and what is beyond 1,024 bytes of UTF-8 is cut.
    @discardableResult
    public func status(_ text: String) -> NotifyResult {
        send(.status(text))
    }

    /// Says that the service reads its configuration again; ``ready(status:)`` must follow.
    ///
    /// The time of CLOCK_MONOTONIC goes with it, as `Type=notify-reload` demands since systemd 253; older ones skip it.
    @discardableResult
    public func reloading() -> NotifyResult {
        send(.reloading(at: .now))
    }

    /// Says that the service has begun to end.
    @discardableResult
    public func stopping(status: String? = nil) -> NotifyResult {
        send(.stopping(status: status))
    }

    /// Asks that the start, reload or stop in hand be given at least this long from now.
    ///
    /// Counted in microseconds, rounded up. It must be repeated before the time is over, until the step is done.
    @discardableResult
    public func extendTimeout(_ duration: Duration) -> NotifyResult {
        send(.extendTimeout(duration))
    }

    /// Tells the manager's watchdog that the service is alive.
    ///
    /// Send it only from a place that proves so, as ``Watchdog/keepAlive(_:through:)`` does.
    @discardableResult
    public func watchdog() -> NotifyResult {
        send(.watchdog)
    }

    private func send(_ state: ServiceState) -> NotifyResult {
        let datagram = state.datagram
        guard let outlet else { return NotifyResult(code: sd_notify(0, datagram)) }
        let isTaken = outlet.offer(replacing: state.outletKey) { sd_notify(0, datagram) }
        return isTaken ? .handedOver : .failed(errno: EAGAIN)
    }
}
