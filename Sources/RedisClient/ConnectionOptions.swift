/// How to reach a server and who to be there.
public struct ConnectionOptions: Sendable {
    /// Where the server listens; with sentinels, where it was when a connection was opened.
    public var endpoint: Endpoint
    /// The sentinels that are asked where the server is, whenever a connection is opened; nil where that is known.
    public var sentinels: Sentinels?
    /// Whether the endpoint is what sentinels have said.
    var isFound = false
    /// Who named the endpoint.
    var role = ConnectionPlace.Role.configured
    /// The ACL user; nil for the default user. Without a password it is one that needs none.
    public var username: String?
    /// Where the password comes from. Never printed.
    public var password: SecretSource
    /// The number of the database.
    public var database: Int
    /// The name that CLIENT LIST shows; printable ASCII without spaces.
    public var clientName: String
    /// Longest wait for a connection, from the host's name to the answered greeting.
    public var connectTimeout: Duration
    /// Longest wait for all replies of one pipeline, however slowly they come.
    public var commandTimeout: Duration
    /// How the connection is encrypted; nil for not at all.
    public var tls: TLSOptions?
    /// Bounds on the replies of one pipeline.
    public var limits: ReplyLimits
    /// Whether the server is a node of a cluster, and stands for all of it.
    public var isCluster = false
    /// Which hosts that nodes and sentinels name may get the password.
    public var peerTrust = PeerTrust()
    /// Told of each connection that sent a password to a server which asks for none.
    public var onSurplusPassword: (@Sendable () -> Void)?

    /// Options with their defaults: no password, database 0, 5 s to connect and 10 s a pipeline.
    public init(
        endpoint: Endpoint,
        username: String? = nil,
        password: String? = nil,
        database: Int = 0,
        clientName: String = "migrateredis",
        connectTimeout: Duration = .seconds(5),
        commandTimeout: Duration = .seconds(10),
        tls: TLSOptions? = nil,
        limits: ReplyLimits = ReplyLimits()
    ) {
        self.endpoint = endpoint
        self.username = username
        self.password = SecretSource(password)
        self.database = database
        self.clientName = clientName
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.tls = tls
        self.limits = limits
    }
}

extension ConnectionOptions: CustomStringConvertible, CustomReflectable {
    /// The address, the database and how it is encrypted; never the password.
    public var description: String {
        let encryption = tls.map { $0.verifies ? " over TLS" : " over TLS that proves nothing (verification is off)" }
        return "\(address) database \(database)\(encryption ?? "")"
    }

    private var address: String {
        guard let sentinels else { return endpoint.description }
        return isFound ? "\(endpoint), \(sentinels)" : sentinels.description
    }

    /// Shows no more than the description, so that `dump` and string interpolation leak nothing.
    public var customMirror: Mirror { Mirror(self, children: ["endpoint": endpoint, "database": database]) }
}
