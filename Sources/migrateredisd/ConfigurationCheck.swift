import Glibc
import Programs
import RedisClient
import Systemd

/// What `--check-config` has found.
struct ConfigurationCheck: Sendable, Equatable {
    /// What is legal but unwise or without effect, one sentence each.
    var warnings: [String] = []
    /// What keeps the configuration from being used, one line each; empty where nothing does.
    var problems: [String] = []

    /// Tells a person, or the journal: problems and warnings on standard error, that all is well on standard output.
    ///
    /// Returns the status to end with.
    func tell(_ destination: LogDestination) -> ExitStatus {
        for line in lines(forJournal: destination == .journal) {
            let bytes = Array((SafeText.guarded(lines: line) + "\n").utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
        guard problems.isEmpty else { return .configuration }
        print("configuration is valid")
        return .done
    }

    /// All that is to be said on standard error; in the journal each line has its priority before it (sd-daemon(3)).
    func lines(forJournal isJournal: Bool) -> [String] {
        func all(_ texts: [String], _ word: String, _ priority: Int) -> [String] {
            texts.flatMap { $0.split(separator: "\n") }.map { (isJournal ? "<\(priority)>" : "") + word + $0 }
        }
        return all(problems, "", 3) + all(warnings, "warning: ", 4)
    }
}
