import Testing

@testable import Settings

@Suite("Secrets")
struct SecretTests {
    @Test("a secret is in no description, dump or interpolation, and its value is where one asks for it")
    func redacted() {
        let secret = Settings.Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        var settings = Settings()
        settings.redis.password = secret
        var dumpedSettings = ""
        dump(settings, to: &dumpedSettings)
        let shown = [
            "\(secret)", secret.description, secret.debugDescription, String(reflecting: secret), dumped, "\(settings)",
            String(reflecting: settings), dumpedSettings, "\(String(describing: settings.redis.password))",
        ]
        for text in shown { #expect(!text.contains("hunter2"), "\(text)") }
        #expect("\(secret)" == "(secret)")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(secret.value == "hunter2")
        #expect(secret.bytes == Array("hunter2".utf8))
    }

    @Test("no error shows a secret, however it is spoiled and wherever it stands")
    func notInErrors() throws {
        let folder = try Folder()
        let spoiled = ["hunter2\u{1}", "hunter2\n", "hunter2" + String(repeating: "x", count: 20_000)]
        for text in spoiled {
            let urls = ["redis.url": "redis://user:\(text)@db", "redis.password": text]
            for (key, value) in urls {
                let variable = try #require(SettingTable.key(named: key)).variable
                let found =
                    problems(SettingsSources(overrides: [key: value]))
                    + problems(SettingsSources(environment: [variable: value]))
                #expect(found.count == 2)
                #expect(!found.joined().contains("hunter2"))
            }
        }
        let inFiles = try [
            problems(inFile: "redis:\n  password: hunter2\n  password: hunter2\n"),
            problems(inFile: "redis:\n  password: [hunter2]\n"),
            problems(inFile: "redis:\n  password: &hunter hunter2\n"),
            problems(inFile: "redis:\n  password: \"hunter2\n"),
            problems(inFile: "redis:\n  password: !hunter hunter2\n"),
            problems(inFile: "redis:\n  url: http://hunter2@db\n"),
            problems(inFile: "redis:\n  url: redis://hunter2@db\n"),
            problems(inFile: "redis:\n  url: redis://:hunter2@db:x\n"),
            problems(inFile: "redis:\n  url: redis://:hunter2@db/?password=hunter2\n"),
            problems(inFile: "redis:\n  url: redis://a:hunter2@db\n  password: hunter22\n"),
            problems(inDotEnv: "REDIS_PASSWORD='hunter2\n"),
            problems(inDotEnv: "REDIS_PASSWORD=\"hunter2\\x\"\n"),
            problems(inDotEnv: "REDIS_PASSWORD='hunter2' hunter2\n"),
            problems(inDotEnv: "REDIS_PASSWORD=\"a\nhunter2\"\n"),
            problems(
                SettingsSources(credentialsDirectory: folder.path)
            ),
        ]
        for found in inFiles.dropLast() {
            #expect(!found.isEmpty)
            #expect(!found.joined().contains("hunter2"), "\(found)")
        }
        try folder.write("redis-password", "hunter2\nhunter2\n")
        let found = problems(SettingsSources(credentialsDirectory: folder.path))
        #expect(found.count == 1)
        #expect(!found.joined().contains("hunter2"))
    }

    @Test("sources do not show the secrets in the environment")
    func notInSources() {
        let sources = SettingsSources(overrides: ["a": "hunter2"], environment: ["REDIS_PASSWORD": "hunter2"])
        var dumped = ""
        dump(SettingsReader(sources), to: &dumped)
        for text in ["\(sources)", String(reflecting: sources), "\(SettingsReader(sources))", dumped] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test("the list of values shows that there is a secret and where, but not which")
    func notInValues() throws {
        let loaded = try load(SettingsSources(environment: ["REDIS_URL": "redis://u:hunter2@db:7000/1"]))
        #expect(loaded.settings.redis.password?.value == "hunter2")
        #expect(!"\(loaded)".contains("hunter2"))
        let password = try #require(loaded.values.first { $0.key == "redis.password" })
        #expect(password.text == "(secret)")
        #expect(password.origin.description == "environment REDIS_URL")
    }
}
