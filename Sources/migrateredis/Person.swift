import Glibc
import MigrationKit

/// Who gives an order: user and host.
enum Person {
    static var current: String {
        let user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(getuid())"
        return "\(user)@\(HolderIdentity.current(instance: "", version: "").host)"
    }
}
