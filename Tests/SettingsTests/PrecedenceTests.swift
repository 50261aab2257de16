import Testing

@testable import Settings

@Suite("Precedence")
struct PrecedenceTests {
    @Test("command line, environment, .env, file and default win in this order")
    func order() throws {
        let folder = try Folder()
        var sources = SettingsSources(
            overrides: ["lock.ttl": "5h"],
            environment: ["MIGRATEREDIS_LOCK_TTL": "4h"],
            dotEnv: try folder.dotEnv("MIGRATEREDIS_LOCK_TTL=3h\n"),
            configFile: try folder.config("lock:\n  ttl: 2h\n")
        )
        let path = folder.path
        func step(_ hours: Int, _ origin: String) throws {
            let loaded = try load(sources)
            #expect(loaded.settings.lock.ttl == .seconds(hours * 3_600))
            #expect(loaded.origin(of: "lock.ttl")?.description == origin)
        }
        try step(5, "command line")
        sources.overrides = [:]
        try step(4, "environment MIGRATEREDIS_LOCK_TTL")
        sources.environment = [:]
        try step(3, "\(path)/.env line 1")
        sources.dotEnv = nil
        try step(2, "\(path)/migrateredis.yaml line 2")
        sources.configFile = nil
        try step(1, "default")
        #expect(try load(sources).origin(of: "no.such.key") == nil)
    }

    @Test("a mistake in a lower layer is found although a higher layer wins")
    func overriddenMistake() throws {
        let folder = try Folder()
        let sources = SettingsSources(
            environment: ["REDIS_PORT": "7000"],
            configFile: try folder.config("redis:\n  port: none\n")
        )
        #expect(problems(sources).count == 1)
    }

    @Test("unknown options and variables are errors, those of others are not, near misses are mentioned")
    func unknownNames() throws {
        #expect(
            problems(SettingsSources(overrides: ["redis.prot": "1"])) == [
                "command line: redis.prot: is not a setting; did you mean redis.port?"
            ]
        )
        #expect(
            problems(SettingsSources(environment: ["MIGRATEREDIS_SCHEMA_TARGTE": "1"])) == [
                "environment: MIGRATEREDIS_SCHEMA_TARGTE: is not a setting; did you mean MIGRATEREDIS_SCHEMA_TARGET?"
            ]
        )
        let mine = SettingsSources(environment: ["MIGRATEREDIS_CONFIG": "x"], ignoredVariables: ["MIGRATEREDIS_CONFIG"])
        #expect(problems(mine).isEmpty)
        let others = [
            "PATH": "/bin", "REDIS_PORT_6379_TCP": "tcp://10.0.0.1:6379", "REDIS_OM_URL": "x", "REDISCLI_AUTH": "x",
        ]
        let loaded = try load(SettingsSources(environment: others))
        #expect(loaded.settings == Settings() && loaded.warnings.isEmpty)
        let near = try load(SettingsSources(environment: ["REDIS_HOSTS": "a"]))
        #expect(near.warnings == ["environment: REDIS_HOSTS is not read; did you mean REDIS_HOST?"])
    }

    @Test("an empty variable means none where there can be none, and is an error elsewhere")
    func empty() throws {
        let folder = try Folder()
        let file = try folder.config("redis:\n  username: app\n  password: x\nmetrics:\n  textfile: /m.prom\n")
        let none = try load(
            SettingsSources(
                environment: ["REDIS_USERNAME": "", "REDIS_PASSWORD": "", "MIGRATEREDIS_METRICS_TEXTFILE": ""],
                configFile: file
            )
        )
        #expect(none.settings == Settings())
        #expect(none.origin(of: "redis.password")?.description == "environment REDIS_PASSWORD")
        for name in [
            "REDIS_HOST", "REDIS_PORT", "REDIS_TLS_ENABLED", "MIGRATEREDIS_SCHEMA_TARGET", "MIGRATEREDIS_LOCK_TTL",
        ] {
            let found = problems(SettingsSources(environment: [name: ""]))
            #expect(found.count == 1 && found[0].hasPrefix("environment: \(name): \"\" is empty"), "\(found)")
        }
        let kept = try load(
            SettingsSources(
                environment: ["REDIS_URL": "", "REDIS_SOCKET": "", "REDIS_PASSWORD_FILE": "", "REDIS_SENTINELS": ""],
                configFile: file
            )
        )
        #expect(kept.settings.redis.password?.value == "x")
    }

    @Test("the deployment id has two names, which must not disagree")
    func alias() throws {
        let both = ["DEPLOYMENT_ID": "a", "MIGRATEREDIS_SCHEMA_DEPLOYMENT_ID": "a"]
        #expect(try load(SettingsSources(environment: both)).settings.schema.deploymentID == "a")
        let other = ["DEPLOYMENT_ID": "a", "MIGRATEREDIS_SCHEMA_DEPLOYMENT_ID": "b"]
        #expect(
            problems(SettingsSources(environment: other)) == [
                "environment: MIGRATEREDIS_SCHEMA_DEPLOYMENT_ID: disagrees with DEPLOYMENT_ID; keep one"
            ]
        )
    }

    @Test("problems of all layers come in one error, and its description has a line for each")
    func allLayers() throws {
        let folder = try Folder()
        let sources = SettingsSources(
            overrides: ["redis.port": "0"],
            environment: ["REDIS_DATABASE": "x"],
            dotEnv: try folder.dotEnv("REDIS_TLS_VERIFY=maybe\n"),
            configFile: try folder.config("lock:\n  ttl: 1\n")
        )
        #expect {
            _ = try SettingsReader(sources).read()
        } throws: { error in
            let error = error as? SettingsError
            return error?.problems.count == 4 && error?.description.split(separator: "\n").count == 4
                && error?.problems.map(\.key) == ["redis.port", "REDIS_DATABASE", "REDIS_TLS_VERIFY", "lock.ttl"]
                && error?.problems.map(\.line) == [nil, nil, 1, 2]
        }
    }

    @Test("the sources of an installed program are in their standard places")
    func installed() {
        let sources = SettingsSources.installed(environment: ["CREDENTIALS_DIRECTORY": "/run/credentials/x"])
        #expect(sources.configFile == .init(path: "/etc/migrateredis/migrateredis.yaml", mustExist: false))
        #expect(sources.credentialsDirectory == "/run/credentials/x")
        #expect(sources.defaultPasswordFile == "/etc/migrateredis/redis-password")
        #expect(sources.dotEnv == nil)
        let named = SettingsSources.installed(environment: [:], configPath: "/c.yaml")
        #expect(named.configFile == .init(path: "/c.yaml", mustExist: true))
    }

    @Test("a password that systemd hands over, be it empty, takes the place of the standard file")
    func handedOver() throws {
        let folder = try Folder()
        _ = try folder.write("redis-password", "\n")
        let sources = SettingsSources.installed(environment: ["CREDENTIALS_DIRECTORY": folder.path])
        #expect(sources.defaultPasswordFile == nil)
        #expect(SettingsSources.installed(environment: ["CREDENTIALS_DIRECTORY": ""]).defaultPasswordFile != nil)
    }
}
