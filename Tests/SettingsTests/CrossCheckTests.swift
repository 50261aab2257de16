import Testing

@testable import Settings

@Suite("Values that must go together")
struct CrossCheckTests {
    @Test(
        "three renewals fit before the lock is stale, and it is stale before it expires",
        arguments: [
            ("10s", "60s", "1h", true), ("10s", "31s", "32s", true), ("10s", "30s", "1h", false),
            ("10s", "60s", "60s", false), ("10s", "60s", "50s", false), ("30s", "60s", "1h", false),
            ("333ms", "1s", "1001ms", true),
        ]
    )
    func lock(renew: String, stale: String, ttl: String, isRight: Bool) {
        let found = problems(
            SettingsSources(overrides: ["lock.renew-interval": renew, "lock.stale-after": stale, "lock.ttl": ttl])
        )
        #expect(found.isEmpty == isRight)
        guard !isRight else { return }
        #expect(found.count == 1)
        for text in ["lock.renew-interval is \(renew)", "lock.stale-after is \(stale)", "lock.ttl is \(ttl)"] {
            #expect(found[0].contains(text), "\(found)")
        }
    }

    @Test("the message about the lock says where each value stands, and is not given while one cannot be read")
    func lockMessage() {
        #expect(
            problems(SettingsSources(environment: ["MIGRATEREDIS_LOCK_TTL": "30s"])) == [
                "configuration: lock.renew-interval, lock.stale-after, lock.ttl: three times the first must be less than "
                    + "the second, and the second less than the third; lock.renew-interval is 10s (default), "
                    + "lock.stale-after is 60s (default), lock.ttl is 30s (environment MIGRATEREDIS_LOCK_TTL)"
            ]
        )
        let spoiled = ["MIGRATEREDIS_LOCK_TTL": "30s", "MIGRATEREDIS_LOCK_STALE_AFTER": "20"]
        #expect(problems(SettingsSources(environment: spoiled)).count == 1)
    }

    @Test(
        "what needs another key says which",
        arguments: [
            (["REDIS_TLS_CERT_FILE": "/c"], "REDIS_TLS_CERT_FILE: needs redis.tls.key-file"),
            (["REDIS_TLS_KEY_FILE": "/c"], "REDIS_TLS_KEY_FILE: needs redis.tls.cert-file"),
            (["REDIS_SENTINELS": "a"], "REDIS_SENTINELS: needs redis.sentinel-master"),
            (["REDIS_SENTINEL_MASTER": "a"], "REDIS_SENTINEL_MASTER: needs redis.sentinels"),
            (
                ["REDIS_SOCKET": "/a", "REDIS_CLUSTER_ENABLED": "1"],
                "REDIS_SOCKET: does not go with redis.cluster.enabled"
            ),
            (
                ["REDIS_SENTINELS": "a", "REDIS_SENTINEL_MASTER": "m", "REDIS_CLUSTER_ENABLED": "1"],
                "REDIS_SENTINELS: does not go with redis.cluster.enabled"
            ),
        ]
    )
    func needs(environment: [String: String], message: String) {
        let found = problems(SettingsSources(environment: environment))
        #expect(found.count == 1 && found[0].hasPrefix("environment: " + message), "\(found)")
    }

    @Test(
        "what is unwise or without effect is a warning",
        arguments: [
            (["REDIS_TLS_ENABLED": "1", "REDIS_TLS_VERIFY": "0"], "redis.tls.verify"),
            (["REDIS_TLS_CA_FILE": "/ca"], "redis.tls.ca-file"),
            (["REDIS_CLUSTER_ENABLED": "1", "REDIS_DATABASE": "1"], "redis.database"),
            (["REDIS_SOCKET": "/s", "REDIS_TLS_ENABLED": "1"], "redis.tls.enabled"),
            (["MIGRATEREDIS_METRICS_TEXTFILE": "/m.txt"], "metrics.textfile"),
        ]
    )
    func warns(environment: [String: String], key: String) throws {
        let warnings = try load(SettingsSources(environment: environment)).warnings
        #expect(warnings.count == 1 && warnings[0].hasPrefix(key + ":"), "\(warnings)")
    }

    @Test(
        "a private key that others can read is used, with a warning",
        arguments: [(0o600, 0), (0o644, 1), (0o604, 1)]
    )
    func exposedKey(mode: Int, count: Int) throws {
        let folder = try Folder()
        let key = try folder.write("client.key", "x\n", mode: mode)
        let file = try folder.config("redis: {tls: {enabled: true, cert-file: /c.pem, key-file: \(key)}}\n")
        let warnings = try load(SettingsSources(configFile: file)).warnings
        #expect(
            warnings == Array(repeating: "\(key): others can read this private key; run chmod 600 on it", count: count)
        )
    }

    @Test("a socket is not encrypted, whatever lower layers say")
    func socket() throws {
        let environment = ["REDIS_SOCKET": "/s", "REDIS_TLS_ENABLED": "1"]
        let loaded = try load(SettingsSources(environment: environment))
        #expect(!loaded.settings.redis.tls.enabled)
    }
}
