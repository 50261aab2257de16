import Glibc

/// The time on the wall, to the second, for a person who watches a terminal.
struct TimeOfDay: Equatable, Sendable, CustomStringConvertible {
    let hour: Int
    let minute: Int
    let second: Int

    /// `HH:MM:SS`.
    var description: String {
        [hour, minute, second].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// Now, in the local time zone.
    static var now: TimeOfDay {
        var seconds = time(nil)
        var parts = tm()
        _ = localtime_r(&seconds, &parts)
        return TimeOfDay(hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
    }
}
