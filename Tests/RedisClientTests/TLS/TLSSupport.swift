import RedisClient
import TestSupport

extension TestAuthority {
    /// Options of a client that trusts this authority.
    func trusted(serverName: String? = nil, certificate: TestIdentity? = nil) -> TLSOptions {
        TLSOptions(
            authorities: own.certificate,
            certificate: certificate?.certificate,
            key: certificate?.key,
            serverName: serverName
        )
    }
}

extension RedisServer {
    /// Options for a connection over TLS.
    func options(_ tls: TLSOptions, host: String = "127.0.0.1", connectTimeout: Duration = .seconds(10))
        -> ConnectionOptions
    {
        ConnectionOptions(
            endpoint: .tcp(host: host, port: tlsPort ?? 0),
            connectTimeout: connectTimeout,
            commandTimeout: .seconds(30),
            tls: tls
        )
    }

    /// Opens a connection over TLS.
    func connect(_ tls: TLSOptions, host: String = "127.0.0.1") async throws -> RedisConnection {
        try await RedisConnection.open(options(tls, host: host))
    }

    /// Connects over TLS, and gives the answer to PING.
    func ping(_ tls: TLSOptions) async throws -> String? {
        try await connect(tls).send("PING").text
    }
}
