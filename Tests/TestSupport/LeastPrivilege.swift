import Foundation

/// The user of `deploy/migrateredis.acl`: every server of a test has it, and programs connect as it.
///
/// So whatever they need beyond the file fails in the test that needs it. The test's own connections are those of the
/// default user, who may do everything.
public enum LeastPrivilege {
    /// The user's name.
    public static let user = "migrateredis"

    /// The user's password on every server of a test.
    public static let password = "least-privilege-of-tests"

    /// How programs are told.
    public static let variables = ["REDIS_USERNAME": user, "REDIS_PASSWORD": password]

    /// The words of the file's rule behind a user's name, with this password.
    public static func rule(of user: String = user, file: String = #filePath) throws -> [String] {
        let path = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "deploy/migrateredis.acl")
        let text = try String(contentsOf: path, encoding: .utf8)
        let start = "user \(user) "
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(start) }) else {
            throw TestSupportError("\(path.path) has no rule for \(user).")
        }
        return line.dropFirst(start.count).split(separator: " ").map { word in
            word.hasPrefix("#") ? ">" + password : String(word)
        }
    }

    /// A rule for a deployment, as the file's comments say: its id before every pattern, and the lock that all share besides.
    public static func rule(_ words: [String], forDeployment id: String) -> [String] {
        words.flatMap { word in
            let mark = word.prefix(while: { "(~&".contains($0) })
            guard mark.contains(where: { $0 != "(" }) else { return [word] }
            let own = "\(mark)\(id):\(word.dropFirst(mark.count))"
            return word == sharedLock ? [own, word] : [own]
        }
    }

    /// Earlier versions of Outpost had one lock for all deployments.
    private static let sharedLock = "~.outpost:migration:lock"

    /// The options that give a server the user; a server refuses a rule with a command that it does not know.
    static func options(version: Int) throws -> [String] {
        ["--user", user] + (version < 7 ? old(try rule()) : try rule())
    }

    /// The words of a rule for Redis 6.2, as the file's comments say.
    public static func old(_ words: [String]) -> [String] {
        guard let selector = words.firstIndex(where: { $0.hasPrefix("(") }) else { return words }
        let commands = words[selector...].filter { $0.hasPrefix("+") }.map { $0.filter { $0 != ")" } }
        return (words[..<selector] + commands).filter { $0 != "+pexpiretime" }
    }
}
