import Foundation

/// Where the build puts the programs of this package.
public enum ProductPath {
    /// The path of a built program: the build puts it beside the program that runs the tests.
    ///
    /// The variable `PROGRAMS` names another directory, such as that of a release build.
    public static func find(_ name: String) throws -> String {
        if let path = try find(name, in: "PROGRAMS") { return path }
        let directory = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw TestSupportError("There is no program \(path). Does the test target depend on \(name)?")
        }
        return path
    }

    /// The path of the same program of another version, in the directory that the variable `OTHER_PROGRAMS` names; of the
    /// same version where there is no such variable.
    public static func findOther(_ name: String) throws -> String {
        try find(name, in: "OTHER_PROGRAMS") ?? find(name)
    }

    private static func find(_ name: String, in variable: String) throws -> String? {
        guard let directory = ProcessInfo.processInfo.environment[variable] else { return nil }
        let path = URL(fileURLWithPath: directory).appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else { throw TestSupportError("\(variable): there is no program \(path).") }
        return path
    }
}
