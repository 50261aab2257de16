import Testing

@testable import Settings

@Suite("The server's address")
struct AddressTests {
    @Test("the highest layer that names a server in any way wins whole")
    func highestWins() throws {
        let folder = try Folder()
        let file = try folder.config("redis:\n  url: rediss://u:p@low:7000/3\n")
        let host = try load(SettingsSources(environment: ["REDIS_HOST": "high"], configFile: file)).settings.redis
        #expect(host.host == "high" && host.port == 6_379 && host.database == 0)
        #expect(host.username == nil && host.password == nil && !host.tls.enabled)

        let socket = try load(SettingsSources(environment: ["REDIS_SOCKET": "/s"], configFile: file)).settings.redis
        #expect(socket.socket == "/s" && socket.password == nil)

        let under = try folder.config("redis:\n  socket: /s\n  password: kept\n")
        let url = try load(SettingsSources(environment: ["REDIS_URL": "redis://high"], configFile: under)).settings
            .redis
        #expect(url.socket == nil && url.host == "high" && url.password?.value == "kept")
    }

    @Test("a URL fills in what it names, and other keys of its layer the rest")
    func expansion() throws {
        let redis = try load(
            SettingsSources(environment: ["REDIS_URL": "rediss://db", "REDIS_DATABASE": "5", "REDIS_USERNAME": "app"])
        ).settings.redis
        #expect(redis.host == "db" && redis.port == 6_379 && redis.database == 5 && redis.username == "app")
        #expect(redis.tls.enabled)
        let blanks = ["REDIS_URL": "redis://u:p@db", "REDIS_PASSWORD": "", "REDIS_USERNAME": ""]
        let filled = try load(SettingsSources(environment: blanks)).settings.redis
        #expect(filled.username == "u" && filled.password?.value == "p")
    }

    @Test("a single key of a higher layer changes a part of a lower URL")
    func overriddenPart() throws {
        let loaded = try load(
            SettingsSources(overrides: ["redis.port": "7001"], environment: ["REDIS_URL": "redis://db:7000/2"])
        )
        #expect(loaded.settings.redis.host == "db" && loaded.settings.redis.port == 7_001)
        #expect(loaded.settings.redis.database == 2)
        #expect(loaded.origin(of: "redis.port") == .commandLine)
        #expect(loaded.origin(of: "redis.database")?.description == "environment REDIS_URL")
    }

    @Test("a plain URL does not turn off the encryption that another layer asks for")
    func plainURL() throws {
        let folder = try Folder()
        let file = try folder.config("redis:\n  tls:\n    enabled: true\n")
        #expect(
            try load(SettingsSources(environment: ["REDIS_URL": "redis://db"], configFile: file)).settings.redis.tls
                .enabled
        )
    }

    @Test(
        "one layer that names two servers is refused",
        arguments: [
            (["REDIS_URL": "redis://a", "REDIS_HOST": "b"], "REDIS_HOST: names the server, and so does REDIS_URL"),
            (["REDIS_SOCKET": "/a", "REDIS_HOST": "b"], "REDIS_HOST: names the server, and so does REDIS_SOCKET"),
            (
                ["REDIS_SOCKET": "/a", "REDIS_URL": "redis://b"],
                "REDIS_SOCKET: names the server, and so does REDIS_URL"
            ),
            (["REDIS_URL": "redis://a", "REDIS_PORT": "7000"], "REDIS_PORT: disagrees with REDIS_URL"),
            (["REDIS_URL": "redis://u:p@a", "REDIS_PASSWORD": "q"], "REDIS_PASSWORD: disagrees with REDIS_URL"),
            (["REDIS_URL": "rediss://a", "REDIS_TLS_ENABLED": "no"], "REDIS_TLS_ENABLED: disagrees with REDIS_URL"),
        ]
    )
    func twoServers(environment: [String: String], message: String) {
        #expect(problems(SettingsSources(environment: environment)) == ["environment: \(message); keep one"])
    }

    @Test("a URL and a key beside it that says the same are fine")
    func agreement() throws {
        let same = [
            "REDIS_URL": "rediss://a:7000/1", "REDIS_PORT": "7000", "REDIS_TLS_ENABLED": "yes", "REDIS_DATABASE": "1",
        ]
        #expect(problems(SettingsSources(environment: same)).isEmpty)
    }

    @Test("a higher layer cannot quietly take the encryption from a rediss URL")
    func downgrade() {
        let sources = SettingsSources(
            overrides: ["redis.tls.enabled": "false"],
            environment: ["REDIS_URL": "rediss://db"]
        )
        #expect(
            problems(sources) == [
                "command line: redis.tls.enabled: is false, but REDIS_URL begins with rediss://; change one"
            ]
        )
    }

    @Test("sentinels name the server too: a host above them reaches past them")
    func sentinels() throws {
        let folder = try Folder()
        let file = try folder.config(
            "redis:\n  sentinels:\n    - s1\n    - s2:5000\n  sentinel-master: main\n  database: 1\n"
        )
        let loaded = try load(SettingsSources(configFile: file)).settings.redis
        #expect(loaded.sentinels == [.init(host: "s1", port: 26_379), .init(host: "s2", port: 5_000)])
        #expect(loaded.sentinelMaster == "main")
        let past = try load(SettingsSources(overrides: ["redis.host": "db"], configFile: file)).settings.redis
        #expect(past.sentinels.isEmpty && past.sentinelMaster == nil && past.host == "db" && past.database == 1)
        let both = SettingsSources(environment: [
            "REDIS_SENTINELS": "a", "REDIS_SENTINEL_MASTER": "m", "REDIS_HOST": "b",
        ])
        #expect(problems(both) == ["environment: REDIS_SENTINELS: names the server, and so does REDIS_HOST; keep one"])
    }
}
