import Foundation
import Testing

@testable import Settings

@Suite("The password")
struct PasswordTests {
    @Test("environment, .env, credential, file and default file win in this order")
    func order() throws {
        let folder = try Folder()
        try folder.write("redis-password", "from-credential\n")
        let standard = try folder.write("standard", "from-standard\n")
        var sources = SettingsSources(
            environment: ["REDIS_PASSWORD": "from-environment"],
            dotEnv: try folder.dotEnv("REDIS_PASSWORD=from-dotenv\n"),
            credentialsDirectory: folder.path,
            configFile: try folder.config("redis:\n  password: from-file\n"),
            defaultPasswordFile: standard
        )
        func step(_ password: String, _ origin: String) throws {
            let loaded = try load(sources)
            #expect(loaded.settings.redis.password?.value == password)
            #expect(loaded.origin(of: "redis.password")?.description == origin)
            #expect(loaded.warnings.isEmpty)
        }
        try step("from-environment", "environment REDIS_PASSWORD")
        sources.environment = [:]
        try step("from-dotenv", "\(folder.path)/.env line 1")
        sources.dotEnv = nil
        try step("from-credential", "credential \(folder.path)/redis-password")
        sources.credentialsDirectory = nil
        try step("from-file", "\(folder.path)/migrateredis.yaml line 2")
        sources.configFile = nil
        try step("from-standard", standard)
        sources.defaultPasswordFile = nil
        #expect(try load(sources).settings.redis.password == nil)
    }

    @Test("the file beside the configuration file that is named is the one that nobody names")
    func beside() throws {
        let folder = try Folder()
        try folder.write("redis-password", "of-this-redis\n")
        let config = try folder.config("redis:\n  host: cache\n")
        let named = SettingsSources.installed(environment: [:], configPath: config.path)
        #expect(try load(named).settings.redis.password?.value == "of-this-redis")
        try FileManager.default.removeItem(atPath: folder.path + "/redis-password")
        #expect(try load(named).settings.redis.password == nil, "another Redis' password is not this one's")
    }

    @Test(
        "of an instance is in its folder, and a name that leads elsewhere is none",
        arguments: [
            ("cache", "/etc/migrateredis/cache/migrateredis.yaml"), ("", nil), (".", nil), ("..", nil), ("a/b", nil),
            ("../x", nil), ("a\u{0}b", nil),
        ] as [(String, String?)]
    )
    func instance(name: String, path: String?) {
        #expect(SettingsSources.configPath(ofInstance: name) == path)
        let standard = SettingsSources.passwordFile(beside: SettingsSources.standardConfigPath)
        #expect(standard == "/etc/migrateredis/redis-password")
    }

    @Test("a password file counts in the layer that names it")
    func file() throws {
        let folder = try Folder()
        let secret = try folder.write("secret", "from-secret\n")
        let config = try folder.config("redis:\n  password: from-file\n")
        let loaded = try load(SettingsSources(environment: ["REDIS_PASSWORD_FILE": secret], configFile: config))
        #expect(loaded.settings.redis.password?.value == "from-secret")
        #expect(loaded.settings.redis.passwordFile == secret)
        #expect(loaded.origin(of: "redis.password") == .secretFile(path: secret))

        let named = try folder.config("redis:\n  password-file: \(secret)\n")
        let above = try load(SettingsSources(environment: ["REDIS_PASSWORD": "direct"], configFile: named)).settings
            .redis
        #expect(above.password?.value == "direct" && above.passwordFile == nil)
        let blank = ["REDIS_PASSWORD": "", "REDIS_PASSWORD_FILE": secret]
        #expect(try load(SettingsSources(environment: blank)).settings.redis.password?.value == "from-secret")
        #expect(
            problems(SettingsSources(environment: ["REDIS_PASSWORD": "x", "REDIS_PASSWORD_FILE": secret])) == [
                "environment: REDIS_PASSWORD_FILE: names the password, and so does REDIS_PASSWORD; keep one"
            ]
        )
        let empty = try folder.config("redis:\n  password: ''\n")
        let none = SettingsSources(configFile: empty, defaultPasswordFile: secret)
        #expect(try load(none).settings.redis.password == nil)
    }

    @Test(
        "one line end after the password does not count, everything else does",
        arguments: [("p", "p"), ("p\n", "p"), ("p\r\n", "p"), (" p ", " p "), ("p\\n", "p\\n"), ("\u{FEFF}p\n", "p")]
    )
    func lineEnds(content: String, password: String) throws {
        let folder = try Folder()
        let path = try folder.write("secret", content)
        #expect(
            try load(SettingsSources(overrides: ["redis.password-file": path])).settings.redis.password?.value
                == password
        )
    }

    @Test("a password file that cannot be meant is refused, and the message names it")
    func refused() throws {
        let folder = try Folder()
        let cases = [
            try folder.write("empty", ""): "is empty", try folder.write("blank", "\n"): "is empty",
            try folder.write("two", "a\nb\n"): "holds more than one line of text",
            try folder.write("nul", "a\u{0}b"): "holds more than one line of text",
            try folder.write("binary", Data([0xFF, 0xFE])): "is not UTF-8 text",
            try folder.write("large", String(repeating: "a", count: 20_000)): "is larger than 16KiB",
            folder.path: "is not a regular file",
            folder.path + "/missing": "cannot be read: No such file or directory",
        ]
        for (path, reason) in cases {
            #expect(
                problems(SettingsSources(environment: ["REDIS_PASSWORD_FILE": path])) == [
                    "environment: REDIS_PASSWORD_FILE: \(path) \(reason)"
                ]
            )
        }
    }

    @Test("the message about a password file that the configuration file names says on which line")
    func line() throws {
        #expect(
            try problems(inFile: "redis:\n  port: 1\n  password-file: /no/such/file\n") == [
                "file:3: redis.password-file: /no/such/file cannot be read: No such file or directory"
            ]
        )
    }

    @Test("an empty or missing credential, and a missing default file, are no password and no error")
    func absent() throws {
        let folder = try Folder()
        let config = try folder.config("redis:\n  password: x\n")
        var sources = SettingsSources(
            credentialsDirectory: folder.path,
            configFile: config,
            defaultPasswordFile: folder.path + "/no"
        )
        #expect(try load(sources).settings.redis.password?.value == "x")
        try folder.write("redis-password", "")
        #expect(try load(sources).settings.redis.password?.value == "x")
        sources.configFile = nil
        #expect(try load(sources).settings.redis.password == nil)
        sources.defaultPasswordFile = try folder.write("standard", "\n")
        #expect(try load(sources).settings.redis.password == nil)
    }

    @Test("a default password file that this user cannot read is mentioned")
    func unreadable() throws {
        let folder = try Folder()
        let path = try folder.write("standard", "x\n", mode: 0o000)
        try asNobody {
            let loaded = try load(SettingsSources(defaultPasswordFile: path))
            #expect(loaded.settings.redis.password == nil)
            #expect(loaded.warnings == ["\(path): this user cannot read the password file; root can"])
            #expect(
                problems(SettingsSources(overrides: ["redis.password-file": path])) == [
                    "command line: redis.password-file: \(path) cannot be read: Permission denied"
                ]
            )
        }
    }

    @Test("a password that others can read is used, with a warning")
    func exposed() throws {
        let folder = try Folder()
        let open = try folder.write("open", "x\n", mode: 0o644)
        let warnings = try load(SettingsSources(overrides: ["redis.password-file": open])).warnings
        #expect(warnings == ["\(open): others can read this secret; run chmod 600 on it"])
        #expect(try load(SettingsSources(defaultPasswordFile: open)).warnings == warnings)
        let config = try folder.config("redis:\n  password: x\n", mode: 0o644)
        #expect(try load(SettingsSources(configFile: config)).warnings.first?.contains("holds redis.password") == true)
        let dotEnv = try folder.dotEnv("REDIS_URL=redis://u:p@db\n", mode: 0o644)
        #expect(try load(SettingsSources(dotEnv: dotEnv)).warnings.first?.contains("holds REDIS_URL") == true)
        let harmless = try folder.dotEnv("REDIS_HOST=db\nREDIS_PASSWORD=\n", mode: 0o644)
        #expect(try load(SettingsSources(dotEnv: harmless)).warnings.isEmpty)
    }

    @Test("group root may read a secret, another group may not")
    func groups() {
        func file(_ mode: UInt32, _ group: UInt32) -> BoundedFile {
            .init(bytes: [], owner: 0, group: group, mode: mode)
        }
        #expect(!file(0o600, 5).isReadableByOthers && !file(0o640, 0).isReadableByOthers)
        #expect(file(0o640, 5).isReadableByOthers && file(0o604, 0).isReadableByOthers)
        #expect(file(0o620, 0).isWritableByOthers && !file(0o755, 0).isWritableByOthers)
    }

    @Test("the pass phrase stays in its file, and the sentinels' password is read from its own")
    func otherSecrets() throws {
        let folder = try Folder()
        let phrase = try folder.write("phrase", "open sesame\n")
        let sentinel = try folder.write("sentinel", "watch\n")
        let config = try folder.config(
            """
            redis:
              sentinels: s1,s2
              sentinel-master: main
              sentinel-username: watcher
              sentinel-password-file: \(sentinel)
              tls:
                enabled: true
                cert-file: /c.pem
                key-file: /k.pem
                key-passphrase-file: \(phrase)
            """
        )
        let redis = try load(SettingsSources(configFile: config)).settings.redis
        #expect(redis.tls.keyPassphraseFile == phrase)
        #expect(!"\(redis)".contains("open sesame"))
        #expect(redis.sentinelPassword?.value == "watch" && redis.sentinelUsername == "watcher")
        #expect(redis.sentinels.count == 2 && redis.tls.certFile == "/c.pem" && redis.tls.keyFile == "/k.pem")
    }
}
