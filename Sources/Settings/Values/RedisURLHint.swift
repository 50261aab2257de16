/// What the schemes and parameters of other clients' URLs are here.
///
/// Only those of the table are ever quoted: in a URL with a `?` in its password, what looks like a parameter is half of that.
enum RedisURLHint {
    /// The fault of a scheme that is not ours.
    static func fault(scheme: String) -> ValueFault {
        guard let remedy = schemes[scheme] else { return ValueFault("has an unknown scheme") }
        return ValueFault("has the scheme \(scheme)", remedy: remedy)
    }

    /// The fault of a parameter, with its value, that is not ours.
    static func fault(parameter item: Substring) -> ValueFault {
        let name = item.prefix { $0 != "=" }.lowercased()
        guard let remedy = parameters[name] else {
            return ValueFault("has a parameter other than db", remedy: "write ? in a password as %3F")
        }
        return ValueFault("has the parameter \(name)", remedy: remedy)
    }

    private static let sentinels =
        "name the sentinels in redis.sentinels (REDIS_SENTINELS) and the master in redis.sentinel-master (REDIS_SENTINEL_MASTER)"
    private static let cluster = "write redis:// or rediss://, and set redis.cluster.enabled (REDIS_CLUSTER_ENABLED)"
    private static let socket = "write unix:///path/of/the/socket"

    private static let schemes = [
        "redis-sentinel": sentinels, "rediss-sentinel": sentinels, "redis+sentinel": sentinels,
        "rediss+sentinel": sentinels, "valkey-sentinel": sentinels, "sentinel": sentinels,
        "redis-cluster": cluster, "rediss-cluster": cluster, "redis+cluster": cluster, "rediss+cluster": cluster,
        "redis-socket": socket, "redis+socket": socket, "redis+unix": socket, "unixsocket": socket,
        "valkey": "write redis://; Valkey speaks the same", "valkeys": "write rediss://; Valkey speaks the same",
        "redis+tls": "write rediss://", "redis+ssl": "write rediss://", "redis-tls": "write rediss://",
        "tcp": "write redis://, or rediss:// for TLS", "tls": "write rediss://", "ssl": "write rediss://",
    ]

    private static let verification =
        "leave it out; redis.tls.verify (REDIS_TLS_VERIFY) says whether the server must prove who it is"
    private static let resp = "leave it out; the programs speak RESP2, which every server does"
    private static let encryption = "leave it out, and write rediss:// for TLS, redis:// for none"
    private static let time = "leave it out; the programs have their own times to wait"
    private static let noNeed = "leave it out; the programs do without"

    private static let parameters: [String: String] = {
        let groups: [(String, [String])] = [
            (
                verification,
                [
                    "ssl_cert_reqs", "ssl_check_hostname", "verify", "verifypeer", "verifymode", "skip_verify",
                    "insecure_skip_verify", "insecureskipverify", "rejectunauthorized", "tls_verify",
                ]
            ),
            (
                "leave it out; the CAs are in redis.tls.ca-file (REDIS_TLS_CA_FILE)",
                ["ssl_ca_certs", "ssl_ca_path", "cafile"]
            ),
            ("leave it out; it is redis.tls.cert-file (REDIS_TLS_CERT_FILE)", ["ssl_certfile", "certfile", "cert"]),
            ("leave it out; it is redis.tls.key-file (REDIS_TLS_KEY_FILE)", ["ssl_keyfile", "keyfile"]),
            (
                "leave it out; it is redis.tls.server-name (REDIS_TLS_SERVER_NAME)",
                ["servername", "server_name", "sni"]
            ),
            (resp, ["protocol", "resp", "resp3"]),
            (encryption, ["ssl", "tls", "sslmode", "usetls"]),
            (
                time,
                [
                    "timeout", "socket_timeout", "socket_connect_timeout", "connecttimeout", "connect_timeout",
                    "dial_timeout",
                    "read_timeout", "write_timeout", "commandtimeout", "health_check_interval", "keepalive",
                    "socket_keepalive", "idle_timeout",
                ]
            ),
            (
                noNeed,
                [
                    "family", "max_connections", "pool_size", "poolsize", "min_idle_conns", "max_retries",
                    "retry_on_timeout",
                    "decode_responses", "encoding", "client_name", "clientname", "lib_name", "lib_version", "prefix",
                    "keyprefix", "lazyconnect", "allowusernameinuri", "enablereadycheck",
                ]
            ),
            ("write the number as /N behind the port, or as db=N", ["database", "dbindex"]),
            ("write user:password@ before the host", ["username", "user"]),
            (
                "write :password@ before the host, or use redis.password-file (REDIS_PASSWORD_FILE)",
                ["password", "auth"]
            ),
            (
                sentinels,
                ["sentinelmasterid", "master_name", "mastername", "service_name", "sentinel_master", "sentinel"]
            ),
            (cluster, ["cluster", "cluster_enabled", "addr"]),
        ]
        return groups.reduce(into: [:]) { table, group in for name in group.1 { table[name] = group.0 } }
    }()
}
