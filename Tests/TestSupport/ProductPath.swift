import Foundation

/// Where the build puts the programs of this package.
public enum ProductPath {
    /// The path of a built program: the build puts it beside the program that runs the tests.
    public static func find(_ name: String) throws -> String {
        let directory = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw TestSupportError("There is no program \(path). Does the test target depend on \(name)?")
        }
        return path
    }
}
