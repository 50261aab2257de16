import RedisClient

extension Settings {
    /// Which Redis, and how to reach it.
    ///
    /// Exactly one of three leads there: the sentinels if there are any, else the socket if there is one, else host
    /// and port.
    public struct Redis: Sendable, Equatable {
        /// A name or an address, IPv6 without brackets. Default: localhost.
        public var host = "localhost"
        /// The TCP port, 1 to 65535. Default: 6379.
        public var port = 6379
        /// The path of a Unix socket that takes the place of host and port. Default: nil.
        public var socket: String?
        /// The database to select, 0 or more; a cluster has only 0. Default: 0.
        public var database = 0
        /// The ACL user; nil for the user named default. Default: nil.
        public var username: String?
        /// The password, wherever it came from; nil for none. Default: nil.
        public var password: Secret?
        /// The file that the password was read from, if one was named. Default: nil.
        public var passwordFile: String?
        /// Whether and how the connection is encrypted.
        public var tls = TLS()
        /// Whether the server is a Redis Cluster. Default: false.
        public var clusterEnabled = false
        /// The sentinels to ask for the master, in order; empty means none. Default: empty.
        public var sentinels: [Endpoint] = []
        /// The name of the master that the sentinels watch. Default: nil.
        public var sentinelMaster: String?
        /// The ACL user for the sentinels themselves. Default: nil.
        public var sentinelUsername: String?
        /// The password for the sentinels themselves, read from ``sentinelPasswordFile``. Default: nil.
        public var sentinelPassword: Secret?
        /// The file that the sentinels' password was read from. Default: nil.
        public var sentinelPasswordFile: String?
        /// Which hosts that nodes and sentinels name may get the password; empty for those near the one that is configured.
        /// Default: empty.
        public var clusterHosts: [PeerTrust.Rule] = []
        /// Whether to run although the eviction policy may drop keys. Default: false.
        public var allowEviction = false

        /// Creates the defaults.
        public init() {}
    }

    /// A host and a port.
    public struct Endpoint: Sendable, Equatable {
        /// A name or an address, IPv6 without brackets.
        public var host: String
        /// The TCP port, 1 to 65535.
        public var port: Int

        /// Creates an endpoint.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Whether and how the connection is encrypted.
    public struct TLS: Sendable, Equatable {
        /// Whether to speak TLS. Default: false.
        public var enabled = false
        /// A PEM file of the authorities to trust, or a directory of them; nil for the system's. Default: nil.
        public var caFile: String?
        /// A PEM file with the client's certificate and its chain; goes with ``keyFile``. Default: nil.
        public var certFile: String?
        /// A PEM file with the client's private key; goes with ``certFile``. Default: nil.
        public var keyFile: String?
        /// The file that holds the private key's pass phrase, which is read when it is needed. Default: nil.
        public var keyPassphraseFile: String?
        /// The name that the certificate must bear, if it is not the host. Default: nil.
        public var serverName: String?
        /// Whether the server must prove who it is. Default: true.
        public var verify = true

        /// Creates the defaults.
        public init() {}
    }
}
