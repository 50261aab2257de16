import Foundation

/// Finds programs, as a shell does.
enum Executable {
    /// The path of a program: a name with a slash as it is, any other from `PATH`; nil when there is none.
    static func find(_ name: String) -> String? {
        if name.contains("/") {
            return access(name, X_OK) == 0 ? name : nil
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
