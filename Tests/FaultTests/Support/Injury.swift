import TestSupport

/// What is done to a program at one of its commands.
enum Injury: String, CaseIterable, Sendable {
    /// SIGKILL, and the command never arrives.
    case killedBefore
    /// SIGKILL, and the command is executed.
    case killedAfter
    /// Every connection ends before the command, and for a while nobody gets through.
    case cut
    /// The command never arrives, and its connection ends.
    case requestLost
    /// Half of the command arrives, and its connection ends.
    case requestHalf
    /// The command is executed, its reply never comes, and its connection ends.
    case replyLost
    /// As lost; but it arrives with what was sent behind it when all is done.
    case late

    /// Whether the program itself is ended.
    var kills: Bool { self == .killedBefore || self == .killedAfter }

    /// What the proxies do.
    func faults(at number: Int) -> [ProxyFault] {
        switch self {
        case .killedBefore, .cut: [ProxyFault(at: number, .cut)]
        case .killedAfter: [ProxyFault(at: number, .pass)]
        case .requestLost: [ProxyFault(at: number, .drop)]
        case .requestHalf: [ProxyFault(at: number, .half)]
        case .replyLost: [ProxyFault(at: number, .lose)]
        case .late: [ProxyFault(at: number, .hold)]
        }
    }
}
