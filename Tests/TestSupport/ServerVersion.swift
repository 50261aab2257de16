import Synchronization

/// The version of a server's program, asked once.
enum ServerVersion {
    private static let known = Mutex<[String: Int]>([:])

    /// The first number of the version; Valkey counts on from Redis.
    static func major(of program: String) async throws -> Int {
        if let major = known.withLock({ $0[program] }) { return major }
        let result = try await ProcessRunner.run(program, ["--version"])
        let text = result.standardOutput
        guard let mark = text.firstRange(of: "v="), let major = Int(text[mark.upperBound...].prefix { $0 != "." })
        else {
            throw TestSupportError("\(program) does not tell its version: \(result)")
        }
        known.withLock { $0[program] = major }
        return major
    }
}
