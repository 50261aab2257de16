import Glibc
import MigrationKit
import RedisClient

/// Who gives an order: user and host, and whoever came to be that user by way of sudo or the like.
enum Person {
    static var current: String {
        text(
            user: name(of: getuid()),
            host: HolderIdentity.current(instance: "", version: "").host,
            environment: { getenv($0).map { String(cString: $0) } },
            nameOf: { name(of: $0) }
        )
    }

    /// `root@db1 (alice via sudo)`: many share one user, and only these variables tell them apart. They are a word and no proof;
    /// so is everything that an order says of who gave it.
    static func text(
        user: String,
        host: String,
        environment: (String) -> String?,
        nameOf: (uid_t) -> String
    ) -> String {
        let callers = [
            (environment("SUDO_USER"), "sudo"), (environment("DOAS_USER"), "doas"),
            (environment("PKEXEC_UID").flatMap { uid_t($0) }.map(nameOf), "pkexec"),
        ]
        let caller = callers.lazy.compactMap { name, tool in name.map { ($0, tool) } }.first
        guard let (name, tool) = caller, !name.isEmpty, name != user else { return "\(user)@\(host)" }
        return "\(user)@\(host) (\(SafeText.escaped(name, limit: 64)) via \(tool))"
    }

    private static func name(of user: uid_t) -> String {
        getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "user \(user)"
    }
}
