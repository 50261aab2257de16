import Foundation
import Testing

@testable import Settings

@Suite("A secret in the wrong place")
struct NoSecretInErrorsTests {
    private static let secrets = ["hunter2secret", "S3cr3t/with=signs:and#more", "correct horse", "Zm9vYmFyMTIzNA=="]

    /// What is said about a configuration file and about a named and a found `.env` of this text, if anything.
    private func said(inFile file: String?, inDotEnv dotEnv: String?) throws -> String {
        let folder = try Folder()
        var texts: [String] = []
        if let file {
            let sources = SettingsSources(configFile: try folder.config(file))
            texts += problems(sources) + ((try? load(sources))?.warnings ?? [])
        }
        if let dotEnv {
            for source in [try folder.dotEnv(dotEnv), try folder.foundDotEnv(dotEnv)] {
                let sources = SettingsSources(dotEnv: source)
                texts += problems(sources) + ((try? load(sources))?.warnings ?? [])
            }
        }
        return texts.joined(separator: "\n")
    }

    @Test(
        "of the configuration file is not repeated",
        arguments: [
            "redis: {host: h, password:@}", "password = @:", "redis:\n  password: {@: }", "redis:\n  password: [@]",
            "redis:\n  password:\n    @:\n", "redis:\n  password:\n@:\n", "redis:\n  password:@\n",
            "redis:\n  password @: x\n", "redis:\n  password=@: x\n", "redis.password=@: 1\n", "@: password\n",
            "redis:\n  url:\n    redis://u:@@host:\n", "redis:\n  host: redis://u:@@host\n", "redis://u:@@host: 1\n",
            "redis:\n  sentinels: [\"redis://u:@@host\"]\n", "redis:\n  sentinels: redis://:@@h,b\n",
            "redis:\n  port: \"@\"\n", "lock:\n  ttl: \"@\"\n", "schema:\n  target: \"@\"\n",
            "redis:\n  password-file: \"@\"\n", "redis:\n  socket: \"@\"\n", "metrics:\n  textfile: \"@\"\n",
            "redis:\n  password: \"@\n", "redis:\n  password: &@ x\n", "redis:\n  password: *@\n",
            "redis:\n  password: !@ x\n", "redis:\n  password: %@\n", "redis:\n  - @\n", "@\n",
            "\"@\": {\"@\": \"@\"}\n",
            "redis:\n  password: x\n  \"@\": y\n  \"@\": z\n", "? \"@\"\n: \"@\"\n", "root:@:20228:0:99999:7:::\n",
            "redis:\n  password: >\n @\n", "%TAG ! @\n---\n", "a: \"\\@\"\n", "redis: @\n", "limits: [{@: 1}]\n",
        ]
    )
    func inFile(text: String) throws {
        for secret in Self.secrets {
            let said = try said(inFile: text.replacingOccurrences(of: "@", with: secret), inDotEnv: nil)
            #expect(!said.contains(secret) && !said.contains(secret.prefix(7)), "\(said)")
        }
    }

    @Test(
        "of an .env is not repeated",
        arguments: [
            "REDIS_PASSWORD @=x", "REDIS_PASSWORD:@=secret", "REDIS_PASSWORD @", "REDIS_PASSWORD@", "REDIS_PASSWORD@=x",
            "REDIS_@=x", "REDIS_HOST=redis://u:@@h", "REDIS_SENTINELS=redis://u:@@h", "REDIS_PORT=@",
            "@=REDIS_PASSWORD",
            "REDIS_PASSWORD='@", "REDIS_PASSWORD=\"@\\x\"", "REDIS_PASSWORD='a'@", "REDIS_PASSWORD=\"a\n@\"", "@",
            "REDIS_PASSWORD_FILE=@", "REDIS_SENTINEL_PASSWORD_FILE@=1", "REDIS_URL=@", "REDIS_URL=redis://@@h",
            "export @", "export REDIS_PASSWORD @", "MIGRATEREDIS_REDIS_PASSWORD@=1", "redis_password@: 1",
            "REDIS_PASSWORD=a\nREDIS_PASSWORD=@", "REDIS_DATABASE=\"@\"", "MIGRATEREDIS_LOCK_TTL=@",
        ]
    )
    func inDotEnv(text: String) throws {
        for secret in Self.secrets {
            let said = try said(inFile: nil, inDotEnv: text.replacingOccurrences(of: "@", with: secret) + "\n")
            #expect(!said.contains(secret) && !said.contains(secret.prefix(7)), "\(said)")
        }
    }

    @Test("is not repeated, wherever it comes to stand in a file that is right")
    func anywhere() throws {
        var dice = Dice(seed: 20)
        let file = [
            "schema", ":", " ", "{", "target", ":", " ", "latest", "}", "\n", "redis", ":", "\n", "  ", "host", ":",
            " ",
            "db", "\n", "  ", "password", ":", " ", "@", "\n", "  ", "tls", ":", "\n", "    ", "enabled", ":", " ",
            "true", "\n", "lock", ":", " ", "{", "ttl", ":", " ", "1h", "}", "\n",
        ]
        let dotEnv = [
            "# ", "comment", "\n", "REDIS_HOST", "=", "db", "\n", "export ", "REDIS_PASSWORD", "=", "'", "@", "'", "\n",
            "REDIS_PORT", "=", "7000", "\n", "MIGRATEREDIS_SCHEMA_TARGET", "=", "latest", "\n",
        ]
        for round in 0..<300 {
            let secret = Self.secrets[round % Self.secrets.count]
            func spoiled(_ pieces: [String]) -> String {
                var pieces = pieces
                for _ in 0..<Int.random(in: 1...4, using: &dice) {
                    let index = Int.random(in: 0..<pieces.count, using: &dice)
                    switch Int.random(in: 0..<6, using: &dice) {
                    case 0: pieces.remove(at: index)
                    case 1: pieces.insert("@", at: index)
                    case 2: pieces[index] = "@"
                    case 3: pieces.swapAt(index, Int.random(in: 0..<pieces.count, using: &dice))
                    case 4:
                        pieces.insert(
                            ["\n", " ", ":", "=", "{", "[", "\"", "'", "&", "#"].randomElement(using: &dice) ?? "",
                            at: index
                        )
                    default: pieces.insert(pieces[Int.random(in: 0..<pieces.count, using: &dice)], at: index)
                    }
                }
                return pieces.joined().replacingOccurrences(of: "@", with: secret)
            }
            let (one, other) = (spoiled(file), spoiled(dotEnv))
            let said = try said(inFile: one, inDotEnv: other)
            #expect(!said.contains(secret), "\(said)\n--\n\(one)\n--\n\(other)")
        }
    }

    @Test("in a variable or an option is not repeated, but for an argument that everybody can read")
    func elsewhere() throws {
        for secret in Self.secrets {
            for variable in SettingTable.variables {
                for text in [secret, "redis://u:\(secret)@h:x", "\(secret)\u{1}"] {
                    let said = problems(SettingsSources(environment: [variable: text])).joined()
                    #expect(!said.contains(secret), "\(variable): \(said)")
                }
            }
            for text in ["redis://u:\(secret)@h", "rediss://\(secret)@h"] {
                let said = problems(SettingsSources(overrides: ["redis.host": text])).joined()
                #expect(!said.isEmpty && !said.contains(secret), "\(said)")
            }
        }
        #expect(problems(SettingsSources(overrides: ["redis.port": "seventy"])).joined().contains("seventy"))
    }

    @Test("but for that people are told what they typed")
    func namesTheMistake() throws {
        #expect(
            try problems(inFile: "redis:\n  password:hunter2: x\n") == [
                "file:2: redis.password: is not followed by a colon and a blank; write key: value"
            ]
        )
        #expect(try problems(inFile: "redis:\n  foo: x\n") == ["file:2: redis: holds a key that is not a setting"])
        #expect(
            try problems(inFile: "redis:\n  password: {a: x}\n") == [
                "file:2: redis.password: takes one value, and no keys below it"
            ]
        )
    }
}
