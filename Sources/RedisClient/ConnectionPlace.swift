/// Which connection an error is about: where it leads, and who named that address.
public struct ConnectionPlace: Sendable, Equatable {
    /// Who named an address, and so whose setting it is.
    public enum Role: String, Sendable, Equatable, CaseIterable {
        /// The configuration: the server, or the first node of a cluster.
        case configured
        /// The configuration: a sentinel.
        case sentinel
        /// A sentinel: the master.
        case namedBySentinels
        /// A node of a cluster, in its list of slots or as where a key has gone (ASK): another node.
        case namedByCluster
    }

    /// Who named the address.
    public var role: Role
    /// The address.
    public var endpoint: Endpoint

    /// A place.
    public init(_ role: Role, _ endpoint: Endpoint) {
        self.role = role
        self.endpoint = endpoint
    }
}

extension ConnectionPlace: CustomStringConvertible {
    /// The address, and what it is.
    public var description: String {
        switch role {
        case .configured: "\(endpoint)"
        case .sentinel: "the sentinel \(endpoint)"
        case .namedBySentinels: "\(endpoint), named by the sentinels"
        case .namedByCluster: "\(endpoint), named by the cluster"
        }
    }
}

extension ConnectionOptions {
    /// Where a connection with these options leads.
    var place: ConnectionPlace { ConnectionPlace(role, endpoint) }

    /// An error, with the connection that it is about.
    func placed(_ error: any Error) -> any Error {
        guard var error = error as? RedisError, error.place == nil else { return error }
        error.place = place
        return error
    }
}
