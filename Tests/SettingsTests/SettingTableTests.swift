import Testing

@testable import Settings

@Suite("The table of settings")
struct SettingTableTests {
    @Test("reading nothing gives the defaults of the structs, so the table and the structs agree")
    func defaults() throws {
        let loaded = try load(SettingsSources())
        #expect(loaded.settings == Settings())
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.values.map(\.key) == SettingTable.keys.map(\.name))
        #expect(loaded.values.allSatisfy { $0.origin == .fallback })
    }

    @Test("no key, variable or alias is there twice")
    func unique() {
        #expect(Set(SettingTable.names).count == SettingTable.names.count)
        #expect(Set(SettingTable.variables).count == SettingTable.variables.count)
        #expect(SettingTable.names.allSatisfy { !SettingTable.isSection($0) })
    }

    @Test(
        "variables follow the keys",
        arguments: [
            ("redis.tls.enabled", "REDIS_TLS_ENABLED"),
            ("redis.cluster.enabled", "REDIS_CLUSTER_ENABLED"),
            ("redis.sentinel-password-file", "REDIS_SENTINEL_PASSWORD_FILE"),
            ("schema.target", "MIGRATEREDIS_SCHEMA_TARGET"),
            ("schema.deployment-id", "DEPLOYMENT_ID"),
            ("cleanup.require-save-within", "MIGRATEREDIS_CLEANUP_REQUIRE_SAVE_WITHIN"),
        ]
    )
    func variables(name: String, variable: String) throws {
        #expect(try #require(SettingTable.key(named: name)).variable == variable)
        #expect(SettingTable.key(ofVariable: variable)?.name == name)
    }

    @Test("all that the original tool read is still read")
    func originalVariables() {
        for name in ["HOST", "PORT", "PASSWORD", "DATABASE", "TLS_ENABLED", "CLUSTER_ENABLED"] {
            #expect(SettingTable.key(ofVariable: "REDIS_" + name) != nil)
        }
    }

    @Test("every default is a value that its own key accepts")
    func fallbacksParse() {
        for key in SettingTable.keys {
            #expect(key.fallback.flatMap { key.problem(with: $0) } == nil, "\(key.name)")
        }
    }

    @Test("every key is explained in one sentence")
    func help() {
        for key in SettingTable.keys {
            #expect(key.help.hasSuffix("."), "\(key.name)")
            #expect(!key.help.dropLast().contains(". "), "\(key.name)")
            #expect(!key.form.isEmpty, "\(key.name)")
        }
    }

    @Test("the Markdown has one row of five cells a key")
    func markdown() {
        let lines = SettingTable.markdown().split(separator: "\n")
        #expect(lines.count == SettingTable.keys.count + 2)
        #expect(SettingTable.markdown().hasSuffix("|\n"))
        for line in lines {
            let bars = line.replacing("\\|", with: "").count { $0 == "|" }
            #expect(bars == 6, "\(line)")
        }
        #expect(
            lines.contains(
                "| `lock.ttl` | `MIGRATEREDIS_LOCK_TTL` | a duration from 1s to 1d | `1h` "
                    + "| How long the lock lives in Redis without a renewal. |"
            )
        )
    }

    @Test("every key can be given in the file and as a variable, and both arrive in the same place")
    func everyKeyArrives() throws {
        let samples = [
            "schema.target": "3", "schema.deployment-id": "dp_1", "redis.url": "redis://db:7000/2",
            "redis.host": "db", "redis.port": "7000", "redis.socket": "/run/redis.sock", "redis.database": "2",
            "redis.username": "app", "redis.password": "hunter2", "redis.allow-eviction": "yes",
            "redis.tls.enabled": "on", "redis.tls.ca-file": "/ca.pem", "redis.tls.server-name": "db.example",
            "redis.tls.verify": "off", "redis.cluster.enabled": "1",
            "redis.cluster-hosts": "a,.b.example,10.0.0.0/8", "reconcile.interval": "5s",
            "reconcile.follow": "0", "apply.approval": "required", "cleanup.approval": "automatic",
            "cleanup.soak": "7d", "cleanup.require-save-within": "1h30m", "lock.ttl": "2h",
            "lock.renew-interval": "5s", "lock.stale-after": "45s", "limits.batch-time": "5ms",
            "limits.keys-per-second": "100", "limits.key-bytes": "512KiB", "metrics.textfile": "/m.prom",
        ]
        let together = [
            "redis.tls.cert-file", "redis.tls.key-file", "redis.tls.key-passphrase-file", "redis.sentinels",
            "redis.sentinel-master", "redis.sentinel-username", "redis.sentinel-password-file", "redis.password-file",
        ]
        #expect(Set(samples.keys).union(together) == Set(SettingTable.names))
        for (name, text) in samples {
            let key = try #require(SettingTable.key(named: name))
            let folder = try Folder()
            let fromFile = try load(SettingsSources(configFile: folder.config("\(name): '\(text)'\n")))
            let fromVariable = try load(SettingsSources(environment: [key.variable: text]))
            let fromDotEnv = try load(SettingsSources(dotEnv: folder.dotEnv("\(key.variable)=\(text)\n")))
            let fromCommandLine = try load(SettingsSources(overrides: [name: text]))
            #expect(fromFile.settings != Settings(), "\(name)")
            #expect(fromFile.settings == fromVariable.settings, "\(name)")
            #expect(fromFile.settings == fromDotEnv.settings, "\(name)")
            #expect(fromFile.settings == fromCommandLine.settings, "\(name)")
        }
    }
}
