/// What goes wrong between a program and a server, and at which command.
///
/// Commands are counted over all connections of a ``FaultSchedule``, from 1.
public struct ProxyFault: Sendable, Equatable {
    /// What happens to a command, its connection, or everything.
    public enum Effect: Sendable, Equatable {
        /// Nothing but that the schedule's `onFault` runs before it is forwarded.
        case pass
        /// It never arrives, and every connection ends: the host is gone.
        case cut
        /// It is executed, its reply is not seen, and every connection ends.
        case swallow
        /// It never arrives, and its connection ends.
        case drop
        /// Half of its bytes arrive, and its connection ends.
        case half
        /// It is executed, its reply is not seen, and its connection ends.
        case lose
        /// For its sender as ``drop``; it arrives, with all that was sent behind it, when the test says so.
        case hold
        /// As ``drop``, by an RST in both directions where the connection is TCP.
        case reset
        /// It is executed; nothing comes back from then on, and the connection stays.
        case deafen
        /// Nothing arrives from it on, and the connection stays.
        case mute
        /// It arrives so much later, and so does what comes behind it.
        case delay(milliseconds: Int)
        /// From its reply on this connection's replies come so slowly.
        case trickle(bytesPerSecond: Int)
    }

    /// The number of the command.
    public var number: Int
    /// What happens.
    public var effect: Effect

    /// A fault at one command.
    public init(at number: Int, _ effect: Effect) {
        self.number = number
        self.effect = effect
    }

    /// The n-th command never arrives, and every connection ends.
    public static func cut(before number: Int) -> ProxyFault { ProxyFault(at: number, .cut) }

    /// The n-th command is executed, its reply is not seen, and every connection ends.
    public static func swallow(replyTo number: Int) -> ProxyFault { ProxyFault(at: number, .swallow) }
}
