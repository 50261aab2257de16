// A table: one entry a key, nothing else.

extension SettingTable {
    static let schemaKeys = [
        SettingKey(
            "schema.target",
            \.schema.target,
            .target,
            help: "The schema version to migrate to; the daemon requires it."
        ),
        SettingKey(
            "schema.deployment-id",
            \.schema.deploymentID,
            .deploymentID,
            fallback: "",
            aliases: ["MIGRATEREDIS_SCHEMA_DEPLOYMENT_ID"],
            help: "The prefix of every key, without its colon; empty for none."
        ),
    ]

    static let redisKeys = [
        SettingKey(
            expanded: "redis.url",
            .redisURL,
            isSecret: true,
            help: "Address, login, database and encryption in one, as redis://user:password@host:port/database."
        ),
        SettingKey(
            "redis.host",
            \.redis.host,
            .host,
            fallback: "localhost",
            help: "The server."
        ),
        SettingKey(
            "redis.port",
            \.redis.port,
            .integer(1...65_535),
            fallback: "6379",
            help: "The server's port."
        ),
        SettingKey(
            "redis.socket",
            \.redis.socket,
            .optional(.socketPath),
            emptyIsUnset: true,
            help: "The Unix socket of a server on this host, in place of host and port."
        ),
        SettingKey(
            "redis.database",
            \.redis.database,
            .integer(0...maximumDatabase),
            fallback: "0",
            help: "The database to select; ignored in a cluster, which has only 0."
        ),
        SettingKey(
            "redis.username",
            \.redis.username,
            .optional(.text("the name of an ACL user")),
            help: "The ACL user; empty for the user named default."
        ),
        SettingKey(
            "redis.password",
            \.redis.password,
            .optional(.secret),
            isSecret: true,
            help: "The password; empty for none."
        ),
        SettingKey(
            "redis.password-file",
            \.redis.passwordFile,
            .optional(.path),
            emptyIsUnset: true,
            help: "A file with the password and nothing else; one line end after it does not count."
        ),
        SettingKey(
            "redis.allow-eviction",
            \.redis.allowEviction,
            .boolean,
            fallback: "false",
            help: "Run although the server's eviction policy may drop keys."
        ),
    ]

    static let tlsKeys = [
        SettingKey(
            "redis.tls.enabled",
            \.redis.tls.enabled,
            .boolean,
            fallback: "false",
            help: "Encrypt the connection; rediss:// does so too."
        ),
        SettingKey(
            "redis.tls.ca-file",
            \.redis.tls.caFile,
            .optional(.path),
            help:
                "A PEM file of the authorities to trust, or a directory as openssl rehash makes it; empty for the system's."
        ),
        SettingKey(
            "redis.tls.cert-file",
            \.redis.tls.certFile,
            .optional(.path),
            help: "A PEM file with the client's certificate and its chain."
        ),
        SettingKey(
            "redis.tls.key-file",
            \.redis.tls.keyFile,
            .optional(.path),
            help: "A PEM file with the private key of the client's certificate."
        ),
        SettingKey(
            "redis.tls.key-passphrase-file",
            \.redis.tls.keyPassphraseFile,
            .optional(.path),
            help: "A file with the pass phrase of the private key."
        ),
        SettingKey(
            "redis.tls.server-name",
            \.redis.tls.serverName,
            .optional(.host),
            help: "The name that the server's certificate must bear; empty for the host."
        ),
        SettingKey(
            "redis.tls.verify",
            \.redis.tls.verify,
            .boolean,
            fallback: "true",
            help: "Refuse a server that cannot prove who it is."
        ),
    ]

    static let topologyKeys = [
        SettingKey(
            "redis.cluster.enabled",
            \.redis.clusterEnabled,
            .boolean,
            fallback: "false",
            help: "The server is a node of a Redis Cluster."
        ),
        SettingKey(
            "redis.cluster-hosts",
            \.redis.clusterHosts,
            .peers,
            isList: true,
            emptyIsUnset: true,
            help:
                "Which hosts that nodes and sentinels name may get the password; without it those near the server's own."
        ),
        SettingKey(
            "redis.sentinels",
            \.redis.sentinels,
            .endpoints(defaultPort: 26_379),
            isList: true,
            emptyIsUnset: true,
            help: "The sentinels to ask for the master, in place of the server's own address."
        ),
        SettingKey(
            "redis.sentinel-master",
            \.redis.sentinelMaster,
            .optional(.text("the name of a master")),
            help: "The name under which the sentinels watch the master."
        ),
        SettingKey(
            "redis.sentinel-username",
            \.redis.sentinelUsername,
            .optional(.text("the name of an ACL user")),
            help: "The ACL user for the sentinels themselves."
        ),
        SettingKey(
            "redis.sentinel-password-file",
            \.redis.sentinelPasswordFile,
            .optional(.path),
            help: "A file with the password for the sentinels themselves."
        ),
    ]

    static let phaseKeys = [
        SettingKey(
            "reconcile.interval",
            \.reconcile.interval,
            .duration(.seconds(1)...days(1)),
            fallback: "30s",
            help: "The time between passes when nothing is due, ±10 %."
        ),
        SettingKey(
            "reconcile.follow",
            \.reconcile.follow,
            .duration(.seconds(1)...days(7), zero: "only before a cleanup"),
            fallback: "10m",
            help: "The time between catch-ups while a cleanup is pending."
        ),
        SettingKey(
            "apply.approval",
            \.apply.approval,
            .approval,
            fallback: "automatic",
            help: "Whether an apply waits for a person."
        ),
        SettingKey(
            "cleanup.approval",
            \.cleanup.approval,
            .approval,
            fallback: "required",
            help: "Whether a cleanup waits for a person."
        ),
        SettingKey(
            "cleanup.soak",
            \.cleanup.soak,
            .duration(.seconds(1)...days(365), zero: "none"),
            fallback: "24h",
            help: "The least time between verified and cleanup."
        ),
        SettingKey(
            "cleanup.require-save-within",
            \.cleanup.requireSaveWithin,
            .duration(.seconds(1)...days(365), zero: "no such condition"),
            fallback: "0",
            help: "A cleanup waits for an RDB save or AOF rewrite younger than this."
        ),
    ]

    static let lockKeys = [
        SettingKey(
            "lock.ttl",
            \.lock.ttl,
            .duration(.seconds(1)...days(1)),
            fallback: "1h",
            help: "How long the lock lives in Redis without a renewal."
        ),
        SettingKey(
            "lock.renew-interval",
            \.lock.renewInterval,
            .duration(.milliseconds(10)...(.seconds(3_600))),
            fallback: "10s",
            help: "The time between renewals; three times it must be less than lock.stale-after."
        ),
        SettingKey(
            "lock.stale-after",
            \.lock.staleAfter,
            .duration(.milliseconds(50)...days(1)),
            fallback: "60s",
            help: "How long without a renewal until others may take over; must be less than lock.ttl."
        ),
    ]

    static let limitKeys = [
        SettingKey(
            "limits.batch-time",
            \.limits.batchTime,
            .duration(.microseconds(100)...(.seconds(1))),
            fallback: "2ms",
            help: "The longest that one batch may occupy the server; a reload changes limits in the step in hand."
        ),
        SettingKey(
            "limits.keys-per-second",
            \.limits.keysPerSecond,
            .integer(0...10_000_000),
            fallback: "0",
            help: "The greatest number of keys a second; 0 for no cap."
        ),
        SettingKey(
            "limits.key-bytes",
            \.limits.keyBytes,
            .bytes(1_024...536_870_912),
            fallback: "64MiB",
            help: "Larger keys are held, and named in the plan with the pause that a copy would mean."
        ),
        SettingKey(
            "metrics.textfile",
            \.metrics.textfile,
            .optional(.absolutePath),
            help: "The file for node_exporter's textfile collector; empty for no metrics."
        ),
    ]

    private static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
