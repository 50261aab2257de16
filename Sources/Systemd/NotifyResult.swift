/// What became of one notification to the service manager.
///
/// No outcome is a reason to stop: a service that cannot talk to its manager can still do its work.
public enum NotifyResult: Equatable, Sendable {
    /// The manager's socket took the datagram.
    case sent

    /// It waits to be sent.
    case handedOver

    /// `$NOTIFY_SOCKET` is not set: nobody asked to be told.
    case notSupervised

    /// The send failed with this errno.
    case failed(errno: Int32)

    /// Reads the result of sd_notify(3): positive when sent, zero without a socket, else a negative errno.
    init(code: Int32) {
        switch code {
        case 0: self = .notSupervised
        case 1...: self = .sent
        default: self = .failed(errno: -code)
        }
    }
}
