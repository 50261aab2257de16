import Testing

@testable import Settings

@Suite("Redis URLs")
struct RedisURLTests {
    @Test("a URL names server, login, database and encryption")
    func whole() throws {
        let url = try RedisURL("rediss://app:p%40ss%2Fword@db.example:7000/3")
        #expect(url.place == .server(.init(host: "db.example", port: 7_000)))
        #expect(url.encrypted)
        #expect(url.username == "app")
        #expect(url.password == "p@ss/word")
        #expect(url.database == 3)
    }

    @Test(
        "what a URL does not name is left to others, but for the port",
        arguments: [
            ("redis://db", "db", 6_379), ("REDIS://db/", "db", 6_379), ("redis://[::1]", "::1", 6_379),
            ("redis://[::1]:7000", "::1", 7_000), ("redis://10.0.0.1:1", "10.0.0.1", 1),
            ("redis://[fe80::1%25eth0]:7000", "fe80::1%eth0", 7_000),
        ]
    )
    func places(text: String, host: String, port: Int) throws {
        let url = try RedisURL(text)
        #expect(url.place == .server(.init(host: host, port: port)))
        #expect(!url.encrypted)
        #expect(url.username == nil && url.password == nil && url.database == nil)
    }

    @Test("a socket is a path, with login and database beside it")
    func sockets() throws {
        #expect(try RedisURL("unix:///run/redis.sock").place == .socket("/run/redis.sock"))
        let url = try RedisURL("unix://u:p@/run/my%20redis.sock?db=2")
        #expect(url.place == .socket("/run/my redis.sock"))
        #expect(url.username == "u" && url.password == "p" && url.database == 2)
    }

    @Test("logins may lack a user, and hold an @")
    func logins() throws {
        let alone = try RedisURL("redis://:secret@db")
        #expect(alone.username == nil && alone.password == "secret")
        let at = try RedisURL("redis://u:a@b:c@db")
        #expect(at.username == "u" && at.password == "a@b:c")
        #expect(try RedisURL("redis://u:@db").password == nil)
        #expect(try RedisURL("redis://db?db=4").database == 4)
    }

    @Test(
        "schemes and parameters of other clients are named, with what they are here",
        arguments: [
            ("redis-sentinel://a:26379/main", "redis-sentinel", "redis.sentinel-master"),
            ("redis+sentinel://a", "redis+sentinel", "redis.sentinels"),
            ("rediss+cluster://a", "rediss+cluster", "redis.cluster.enabled"),
            ("valkeys://a", "valkeys", "rediss://"), ("tcp://10.96.0.11:6379", "tcp", "redis://"),
            ("redis+socket:///run/redis.sock", "redis+socket", "unix://"),
            ("rediss://a?ssl_cert_reqs=none", "ssl_cert_reqs", "redis.tls.verify"),
            ("rediss://a/1?SSL_CA_CERTS=/x", "ssl_ca_certs", "redis.tls.ca-file"),
            ("redis://a?protocol=3", "protocol", "RESP2"), ("redis://a?db=1&protocol=3", "protocol", "RESP2"),
            ("redis://a?tls=true", "tls", "rediss://"),
            ("redis://a?socket_timeout=5", "socket_timeout", "leave it out"),
            ("redis://a?family=6", "family", "leave it out"), ("redis://a?database=5", "database", "db=N"),
            ("redis://a?sentinelMasterId=main", "sentinelmasterid", "redis.sentinel-master"),
            ("redis://a?password=hunter2", "password", "REDIS_PASSWORD_FILE"),
        ]
    )
    func otherClients(text: String, name: String, remedy: String) {
        let fault = #expect(throws: ValueFault.self) { try RedisURL(text) }
        #expect(fault?.reason.hasSuffix(" \(name)") == true, "\(fault?.description ?? "")")
        #expect(fault?.remedy.contains(remedy) == true, "\(fault?.description ?? "")")
        #expect(fault?.description.contains("hunter2") == false)
    }

    @Test(
        "what may be half of a password is never quoted",
        arguments: ["redis://:p?hunter2@a", "redis://:p?x=hunter2@a"]
    )
    func halfOfAPassword(text: String) {
        let fault = #expect(throws: ValueFault.self) { try RedisURL(text) }
        #expect(fault?.description.contains("hunter2") == false, "\(fault?.description ?? "")")
    }

    @Test(
        "what could be read in two ways, or in none, is refused",
        arguments: [
            "", "db", "db:6379", "http://db", "redis:/db", "redis://", "redis:///0", "redis://:6379", "redis://a@db",
            "redis://db:", "redis://db:0", "redis://db:65536", "redis://db:x", "redis://db/x", "redis://db/-1",
            "redis://db/1/2", "redis://db/1?db=1", "redis://db?db=", "redis://db?timeout=5", "redis://::1",
            "redis://[::1",
            "redis://u:p#x@db", "redis://u:p%4@db", "redis://u:p%zz@db", "redis://u:p%+1@db", "redis://u:%FF@db",
            "redis://u:%00@db", "redis://u:a/b@db", "unix://run/redis.sock", "unix://", "redis://a b", "redis://d%0Ab",
        ]
    )
    func refused(text: String) {
        #expect(throws: ValueFault.self) { try RedisURL(text) }
    }
}
