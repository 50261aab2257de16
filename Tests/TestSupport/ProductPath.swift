import Foundation

/// Where the build puts the programs of this package.
public enum ProductPath {
    /// The path of a built program: the build puts it beside the program that runs the tests.
    ///
    /// The variable `PROGRAMS` names another directory, such as that of a release build.
    public static func find(_ name: String) throws -> String {
        if let directory = ProcessInfo.processInfo.environment["PROGRAMS"] {
            let path = URL(fileURLWithPath: directory).appendingPathComponent(name).path
            guard access(path, X_OK) == 0 else { throw TestSupportError("PROGRAMS: there is no program \(path).") }
            return path
        }
        let directory = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw TestSupportError("There is no program \(path). Does the test target depend on \(name)?")
        }
        return path
    }
}
