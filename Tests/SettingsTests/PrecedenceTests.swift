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
    }

    @Test(
        "a variable that looks like ours and is not is mentioned with the one that may be meant",
        arguments: [
            ("REDIS_HOSTS", "REDIS_HOST"), ("REDIS_HOSTT", "REDIS_HOST"), ("redis_host", "REDIS_HOST"),
            ("REDIS-PORT", "REDIS_PORT"), ("REDISPORT", "REDIS_PORT"), ("REDIS_DB", "REDIS_DATABASE"),
            ("REDIS_DATABSE", "REDIS_DATABASE"), ("REDIS_USER", "REDIS_USERNAME"), ("REDIS_PASS", "REDIS_PASSWORD"),
            ("REDIS_SSL", "REDIS_TLS_ENABLED"), ("REDIS_TLS", "REDIS_TLS_ENABLED"), ("REDIS_URI", "REDIS_URL"),
            ("MIGRATE_REDIS_SCHEMA_TARGET", "MIGRATEREDIS_SCHEMA_TARGET"),
            ("migrateredis_schema_target", "MIGRATEREDIS_SCHEMA_TARGET"),
        ]
    )
    func nearMiss(name: String, meant: String) throws {
        let near = try load(SettingsSources(environment: [name: "hunter2"]))
        #expect(near.warnings == ["environment: \(name) is not read; did you mean \(meant)?"])
        #expect(near.settings == Settings())
    }

    @Test("an empty variable counts as not set, whatever it is called", arguments: SettingTable.variables)
    func emptyVariable(name: String) throws {
        let folder = try Folder()
        let file = try folder.config("redis:\n  username: app\n  password: x\n  port: 7000\nschema:\n  target: 2\n")
        let plain = try load(SettingsSources(configFile: file))
        #expect(try load(SettingsSources(environment: [name: ""], configFile: file)) == plain)
        for text in ["\(name)=\n", "\(name)=''\n", "export \(name) = \"\" # none\n"] {
            for dotEnv in [try folder.dotEnv(text), try folder.foundDotEnv(text)] {
                #expect(try load(SettingsSources(dotEnv: dotEnv, configFile: file)) == plain)
            }
        }
    }

    @Test("an empty text of the file means none where there can be none, and is an error elsewhere")
    func emptyInFile() throws {
        let folder = try Folder()
        let none = try folder.config("redis:\n  username: ''\n  password: ''\n")
        let standard = try folder.write("standard", "x\n")
        let loaded = try load(SettingsSources(configFile: none, defaultPasswordFile: standard))
        #expect(loaded.settings == Settings())
        #expect(
            try problems(inFile: "redis:\n  port: ''\n").first?.hasPrefix("file:2: redis.port: \"\" is empty") == true
        )
        #expect(problems(SettingsSources(overrides: ["redis.port": ""])).count == 1)
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
