import MigrationKit

/// Numbers and times in words for people.
public enum Wording {
    /// A time as its two largest units: `1 h 5 min`, `2 s`, `120 ms`.
    public static func duration(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return pair(seconds / 60, "min", seconds % 60, "s") }
        if seconds < 86400 { return pair(seconds / 3600, "h", seconds % 3600 / 60, "min") }
        return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h")
    }

    /// A number with its thousands apart: `112,500`.
    public static func number(_ number: Int) -> String {
        var groups: [String] = []
        var rest = number.magnitude
        while rest >= 1000 {
            let group = String(rest % 1000)
            groups.append(String(repeating: "0", count: 3 - group.count) + group)
            rest /= 1000
        }
        groups.append(String(rest))
        return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// A number of keys, and which: `1 key`, `112,500 old keys`.
    public static func keys(_ count: Int, _ which: String = "") -> String {
        "\(number(count)) \(which.isEmpty ? "" : which + " ")\(count == 1 ? "key" : "keys")"
    }

    /// A size in the largest unit that keeps it above 1: `1.5 GiB`.
    public static func bytes(_ count: Int) -> String {
        var size = Double(count)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if size < 1024 { return unit == "B" ? "\(count) B" : "\((size * 10).rounded() / 10) \(unit)" }
            size /= 1024
        }
        return "\((size * 10).rounded() / 10) TiB"
    }

    private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }
}
