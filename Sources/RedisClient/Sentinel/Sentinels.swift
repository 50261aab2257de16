/// The sentinels that know which server is the master, and how they are asked.
///
/// Source: https://redis.io/docs/latest/develop/reference/sentinel-clients/
public struct Sentinels: Sendable {
    /// Where they listen, in the order in which they are asked.
    public var addresses: [Endpoint]
    /// The name under which they watch the master.
    public var master: String
    /// The ACL user for the sentinels themselves; nil for the default user.
    public var username: String?
    /// The password for the sentinels themselves.
    public var password: SecretSource

    /// Sentinels that need no password.
    public init(_ addresses: [Endpoint], master: String) {
        self.addresses = addresses
        self.master = master
        password = SecretSource(nil)
    }
}

extension Sentinels: CustomStringConvertible, CustomReflectable {
    /// The master's name and the addresses; never the password.
    public var description: String {
        "master \(printable(master)) (of sentinels \(addresses.map(\.description).joined(separator: ", ")))"
    }

    /// Shows no more than the description.
    public var customMirror: Mirror { Mirror(self, children: ["master": master, "addresses": addresses]) }
}
