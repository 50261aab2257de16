import Foundation
import Testing

@testable import Settings

@Suite("A secret and the server that it goes to")
struct TrustTests {
    @Test(
        "go together if the server is named in places of at least the secret's trust",
        arguments: [
            (Trust.found, [Trust.found], true), (.found, [.caller, .host], true), (.found, [], true),
            (.caller, [.caller], true), (.caller, [.host], true), (.caller, [.host, .caller], true),
            (.caller, [.found], false), (.caller, [.host, .found], false),
            (.host, [.host], true), (.host, [.host, .caller], false), (.host, [.caller], false),
            (.host, [.found], false), (.host, [], true),
        ]
    )
    func rule(secret: Trust, places: [Trust], allowed: Bool) {
        #expect(secret.mayGo(toServerNamedBy: places) == allowed)
    }

    /// Where one of two things stands.
    enum Place: String, CaseIterable {
        case commandLine, environment, namedDotEnv, foundDotEnv, credential, file, ownFile, standardFile
    }

    /// Whether a password of the first place joins a server of the second, for each caller who is not the host itself.
    static let table: [(password: Place, server: Place?, joins: Bool)] = [
        (.environment, .commandLine, true), (.environment, .environment, true), (.environment, .namedDotEnv, true),
        (.environment, .file, true), (.environment, .ownFile, true), (.environment, nil, true),
        (.environment, .foundDotEnv, false),
        (.namedDotEnv, .commandLine, true), (.namedDotEnv, .environment, true), (.namedDotEnv, .namedDotEnv, true),
        (.namedDotEnv, .file, true), (.namedDotEnv, nil, true),
        (.foundDotEnv, .commandLine, true), (.foundDotEnv, .environment, true), (.foundDotEnv, .foundDotEnv, true),
        (.foundDotEnv, .file, true), (.foundDotEnv, nil, true),
        (.credential, .file, true), (.credential, nil, true), (.credential, .commandLine, false),
        (.credential, .environment, false), (.credential, .namedDotEnv, false), (.credential, .foundDotEnv, false),
        (.credential, .ownFile, false),
        (.file, .file, true), (.file, nil, true), (.file, .commandLine, false), (.file, .environment, false),
        (.file, .namedDotEnv, false), (.file, .foundDotEnv, false),
        (.ownFile, .ownFile, true), (.ownFile, .commandLine, true), (.ownFile, .environment, true),
        (.ownFile, .foundDotEnv, false), (.ownFile, nil, true),
        (.standardFile, .file, true), (.standardFile, nil, true), (.standardFile, .commandLine, false),
        (.standardFile, .environment, false), (.standardFile, .namedDotEnv, false),
        (.standardFile, .foundDotEnv, false), (.standardFile, .ownFile, false),
    ]

    private static let caller = SettingsSources.Caller.delegate(1_000, as: getuid())

    private func sources(_ folder: Folder, _ password: Place?, _ server: Place?, part: String) throws -> SettingsSources
    {
        var sources = SettingsSources(caller: Self.caller)
        var dotEnv = ""
        var file = ""
        let variable = try #require(SettingTable.key(named: part)).variable
        let text = part == "redis.port" ? "7000" : "db"
        switch server {
        case .commandLine: sources.overrides[part] = text
        case .environment: sources.environment[variable] = text
        case .namedDotEnv, .foundDotEnv: dotEnv += "\(variable)=\(text)\n"
        case .file, .ownFile: file += "\(part): \(text)\n"
        case .credential, .standardFile, nil: break
        }
        switch password {
        case .environment: sources.environment["REDIS_PASSWORD"] = "p"
        case .namedDotEnv, .foundDotEnv: dotEnv += "REDIS_PASSWORD=p\n"
        case .credential:
            try folder.write("redis-password", "p\n")
            sources.credentialsDirectory = folder.path
        case .file, .ownFile: file += "redis.password: p\n"
        case .standardFile: sources.defaultPasswordFile = try folder.write("standard", "p\n")
        case .commandLine, nil: break
        }
        let places = [password, server]
        if places.contains(.foundDotEnv) {
            sources.dotEnv = try folder.foundDotEnv(dotEnv)
        } else if !dotEnv.isEmpty {
            sources.dotEnv = try folder.dotEnv(dotEnv)
        }
        // The caller's own file is one that others than root and the process's user can have written.
        let mode = places.contains(.ownFile) ? 0o620 : 0o600
        if !file.isEmpty { sources.configFile = try folder.config(file, mode: mode) }
        return sources
    }

    @Test(
        "join by this table, by the host, by the port, and by the hosts that it may send the program on to",
        arguments: table,
        ["redis.host", "redis.port", "redis.cluster-hosts"]
    )
    func joins(row: (password: Place, server: Place?, joins: Bool), part: String) throws {
        let folder = try Folder()
        let sources = try sources(folder, row.password, row.server, part: part)
        do {
            let loaded = try load(sources)
            let isSent = loaded.settings.redis.password != nil
            #expect(isSent == row.joins)
            // The standard file is the only one that nobody named.
            #expect(isSent || row.password == .standardFile)
            #expect(loaded.warnings.contains { $0.contains("not used for the server of") } == !isSent)
        } catch let error as SettingsError {
            #expect(!row.joins && error.problems.count == 1, "\(error)")
            #expect(error.description.contains("is not sent to the server of"), "\(error)")
            #expect(!error.description.contains(": p"), "\(error)")
        }
    }

    @Test("the refusal names both places and the way out")
    func words() throws {
        let folder = try Folder()
        let env = try folder.foundDotEnv("A=1\nREDIS_HOST=evil\n")
        #expect(
            problems(SettingsSources(environment: ["REDIS_PASSWORD": "p"], dotEnv: env)) == [
                "environment: REDIS_PASSWORD: is not sent to the server of \(env.path) line 2 (REDIS_HOST); "
                    + "nobody named that file: name it with --env-file, or set both in one place"
            ]
        )
        let file = try folder.config("redis:\n  password: p\n")
        #expect(
            problems(SettingsSources(overrides: ["redis.host": "db"], configFile: file, caller: Self.caller)) == [
                "\(file.path):2: redis.password: is not sent to the server of the command line (redis.host); "
                    + "set REDIS_PASSWORD or REDIS_PASSWORD_FILE where the server is named, or name the server in the "
                    + "configuration file"
            ]
        )
    }

    @Test("of every kind are kept apart: user, password file, pass phrase, and those of sentinels")
    func otherSecrets() throws {
        let folder = try Folder()
        let secret = try folder.write("secret", "p\n")
        for name in ["redis.username: app", "redis.password-file: \(secret)"] {
            let file = try folder.config(name + "\n")
            let sources = SettingsSources(environment: ["REDIS_HOST": "db"], configFile: file, caller: Self.caller)
            #expect(problems(sources).count == 1, "\(name)")
        }
        let tls = try folder.config(
            "redis: {tls: {enabled: true, cert-file: /c, key-file: /k, key-passphrase-file: \(secret)}}\n"
        )
        #expect(
            problems(SettingsSources(environment: ["REDIS_HOST": "db"], configFile: tls, caller: Self.caller)).count
                == 1
        )
        let sentinels = try folder.config("redis.sentinel-password-file: \(secret)\nredis.sentinel-username: w\n")
        let named = ["REDIS_SENTINELS": "s1", "REDIS_SENTINEL_MASTER": "main"]
        #expect(
            problems(SettingsSources(environment: named, configFile: sentinels, caller: Self.caller)).count == 2
        )
        let env = try folder.foundDotEnv("REDIS_URL=unix:///run/evil.sock\n")
        #expect(problems(SettingsSources(environment: ["REDIS_PASSWORD": "p"], dotEnv: env)).count == 1)
    }

    @Test(
        "are kept apart from whoever takes away the proof of who the server is",
        arguments: [
            "REDIS_TLS_ENABLED=false", "REDIS_TLS_VERIFY=0", "REDIS_TLS_CA_FILE=/ca", "REDIS_TLS_SERVER_NAME=x",
        ]
    )
    func proof(line: String) throws {
        let folder = try Folder()
        let file = try folder.config("redis: {host: db, password: p, tls: {enabled: true}}\n")
        let found = SettingsSources(dotEnv: try folder.foundDotEnv(line + "\n"), configFile: file)
        #expect(problems(found).count == 1)
        let parts = line.split(separator: "=").map(String.init)
        #expect(problems(SettingsSources(environment: [parts[0]: parts[1]], configFile: file)).isEmpty)
        let harmless = try folder.foundDotEnv("REDIS_TLS_ENABLED=false\nREDIS_DATABASE=3\n")
        #expect(problems(SettingsSources(environment: ["REDIS_PASSWORD": "p"], dotEnv: harmless)).isEmpty)
    }

    @Test("a service and a user by themselves have one word, whatever it stands in but a file that nobody named")
    func itself() throws {
        let folder = try Folder()
        for row in Self.table where row.server != .foundDotEnv {
            var sources = try sources(folder, row.password, row.server, part: "redis.host")
            sources.caller = .itself
            #expect(try load(sources).settings.redis.password?.value == "p", "\(row)")
        }
    }

    @Test("under sudo the files of others are the host's, whoever names them")
    func delegated() throws {
        let folder = try Folder()
        let secret = try folder.write("secret", "p\n")
        let environment = ["REDIS_HOST": "db", "REDIS_PASSWORD_FILE": secret]
        func found(_ caller: SettingsSources.Caller) -> Int {
            problems(SettingsSources(environment: environment, caller: caller)).count
        }
        #expect(found(.root) == 0 && found(.itself) == 0)
        #expect(found(.delegate(getuid() + 1, as: getuid())) == 1)
        #expect(found(.delegate(nil, as: getuid())) == 1)
        #expect(found(.delegate(getuid(), as: getuid())) == 0)
    }

    @Test("in a file is the caller's where a file names it that nobody named: what lies around is not for its server")
    func foundFile() throws {
        let folder = try Folder()
        let secret = try folder.write("secret", "p\n")
        let both = try folder.foundDotEnv("REDIS_HOST=evil\nREDIS_PASSWORD_FILE=\(secret)\n")
        #expect(problems(SettingsSources(dotEnv: both)).count == 1)
        let password = try folder.foundDotEnv("REDIS_PASSWORD_FILE=\(secret)\n")
        for server in ["REDIS_HOST": "db", "REDIS_SOCKET": "/s"] {
            let sources = SettingsSources(environment: [server.key: server.value], dotEnv: password)
            #expect(try load(sources).settings.redis.password?.value == "p")
        }
    }

    @Test(
        "the caller is told by the process's user and by what sudo leaves",
        arguments: [
            (0, [:], .root), (1_000, [:], .itself), (0, ["SUDO_UID": "0"], .root),
            (0, ["SUDO_UID": "1000"], .delegate(1_000, as: 0)), (7, ["SUDO_UID": "1000"], .delegate(1_000, as: 7)),
            (1_000, ["SUDO_UID": "1000"], .itself), (0, ["PKEXEC_UID": "5"], .delegate(5, as: 0)),
            (0, ["DOAS_USER": "me"], .delegate(nil, as: 0)), (0, ["SUDO_UID": "x"], .delegate(nil, as: 0)),
        ] as [(UInt32, [String: String], SettingsSources.Caller)]
    )
    func callers(user: UInt32, environment: [String: String], caller: SettingsSources.Caller) {
        #expect(SettingsSources.Caller.detect(userID: user, environment: environment) == caller)
    }
}
