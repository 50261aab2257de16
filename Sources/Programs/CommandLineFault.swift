import ArgumentParser
import Glibc
import RedisClient

extension ParsableArguments {
    /// Ends the program as `exit(withError:)` does, and shows what the error says as everything else is shown.
    ///
    /// The argument parser repeats the argument that is wrong, which may hold any character.
    public static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        // The help and the version are our own words, and are data.
        guard !code.isSuccess else { exit(withError: error) }
        let message = fullMessage(for: error)
        if !message.isEmpty {
            let line = Array((SafeText.guarded(lines: message) + "\n").utf8)
            _ = write(STDERR_FILENO, line, line.count)
        }
        Glibc.exit(code.rawValue)
    }
}
