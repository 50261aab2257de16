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

    /// The words of the file's rule behind the user's name, with this password.
    public static func rule(file: String = #filePath) throws -> [String] {
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

    /// The options that give a server the user; a server refuses a rule with a command that it does not know.
    static func options(version: Int) throws -> [String] {
        let unknown: Set<String> = version < 7 ? ["+pexpiretime"] : []
        return ["--user", user] + (try rule()).filter { !unknown.contains($0) }
    }
}
