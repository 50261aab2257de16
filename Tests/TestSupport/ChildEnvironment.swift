import Foundation

/// The environment that programs under test are started with.
enum ChildEnvironment {
    private static let kept = [
        "PATH", "HOME", "USER", "TMPDIR", "LD_LIBRARY_PATH", "SEEDED_BUG",
        "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE",
    ]

    /// The given variables, and of the test's own only those that say where things are.
    ///
    /// A `REDIS_HOST` that is set where the tests run must not lead a program under test to somebody's server.
    static func with(_ variables: [String: String]) -> [String: String] {
        let own = ProcessInfo.processInfo.environment.filter { kept.contains($0.key) }
        return own.merging(["LANG": "C.UTF-8"]) { $1 }.merging(variables) { $1 }
    }
}
