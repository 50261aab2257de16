import Foundation
import Testing

@testable import Settings

@Suite("An .env that nobody named")
struct FoundDotEnvTests {
    private func load(_ dotEnv: SettingsSources.DotEnv) throws -> LoadedSettings {
        try SettingsReader(SettingsSources(dotEnv: dotEnv)).read()
    }

    /// What is read at this path, and what is said about it without the path.
    private func look(_ path: String, by user: UInt32 = someUser) throws -> (host: String, said: [String]) {
        let loaded = try load(.init(path: path, finding: .found(by: user)))
        return (loaded.settings.redis.host, loaded.warnings.map { $0.replacingOccurrences(of: path, with: ".env") })
    }

    private func refusal(_ reason: String) -> [String] {
        [".env: not read, since it \(reason); name it with --env-file if it is meant"]
    }

    @Test("that nobody else can have written is read")
    func own() throws {
        let folder = try Folder()
        let loaded = try load(folder.foundDotEnv("REDIS_HOST=db\n"))
        #expect(loaded.settings.redis.host == "db" && loaded.warnings.isEmpty)
    }

    @Test("is never read by root, who is told")
    func root() throws {
        let folder = try Folder()
        let path = try folder.write(".env", "REDIS_HOST=db\n")
        #expect(try look(path, by: 0) == ("localhost", refusal("was named by nobody and root reads none of those")))
        #expect(SettingsSources.DotEnv.ofWorkingDirectory(userID: 0).finding == .found(by: 0))
        #expect(try look(folder.path + "/missing", by: 0) == ("localhost", []))
    }

    @Test("that others can write is passed over", arguments: [0o666, 0o620, 0o602])
    func writable(mode: Int) throws {
        let folder = try Folder()
        let path = try folder.write(".env", "REDIS_HOST=db\n", mode: mode)
        #expect(try look(path) == ("localhost", refusal("can be written by others")))
    }

    @Test("that lies in a directory in which others can write is passed over", arguments: [0o777, 0o1777, 0o775])
    func directory(mode: Int) throws {
        let folder = try Folder()
        let path = try folder.write(".env", "REDIS_HOST=db\n")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
        #expect(try look(path) == ("localhost", refusal("lies in a directory in which others can write")))
    }

    @Test("that belongs to another user is passed over, and so is one in another's directory")
    func foreign() throws {
        let folder = try Folder()
        let path = try folder.write(".env", "REDIS_HOST=db\n")
        guard getuid() == 0 else {
            // Whoever is neither root nor this user finds this user's files.
            #expect(try look(path, by: getuid() + 1).host == "localhost")
            return
        }
        #expect(chown(path, 1, 1) == 0)
        #expect(try look(path) == ("localhost", refusal("can be written by others")))
        #expect(chown(path, someUser, 0) == 0)
        #expect(try look(path).host == "db")
        #expect(chown(folder.path, 1, 1) == 0)
        #expect(try look(path) == ("localhost", refusal("lies in a directory in which others can write")))
    }

    @Test("that is a link is passed over, wherever it leads")
    func links() throws {
        let folder = try Folder()
        let file = try folder.write("file", "REDIS_HOST=db\n")
        for (index, target) in [file, "/proc/self/environ", "/etc/passwd", "/nowhere"].enumerated() {
            let path = folder.path + "/link\(index)"
            #expect(symlink(target, path) == 0)
            #expect(try look(path) == ("localhost", refusal("is a symbolic link")))
        }
    }

    @Test("that is a file of the kernel is passed over, whoever owns it")
    func kernel() throws {
        let file = try BoundedFile.read("/proc/self/environ", limit: 1 << 20)
        #expect(file.isOfKernel && !file.isWrittenOnly(by: getuid()))
        #expect(try look("/proc/self/environ", by: getuid() == 0 ? 65_534 : getuid()).said.count == 1)
    }

    @Test("that is no file, too large or no text is a warning, and no reason to stop")
    func unusable() throws {
        let folder = try Folder()
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(try look(pipe) == ("localhost", refusal("is not a regular file")))
        try FileManager.default.createDirectory(atPath: folder.path + "/dir", withIntermediateDirectories: false)
        #expect(try look(folder.path + "/dir") == ("localhost", refusal("is not a regular file")))
        let large = try folder.write("large", String(repeating: "#", count: 2_000_000))
        #expect(try look(large) == ("localhost", refusal("is larger than 1MiB")))
        let latin = try folder.write("latin", Data([0x23, 0xE9, 0x0A]))
        #expect(try look(latin) == ("localhost", refusal("is not UTF-8 text")))
    }

    @Test("may hold what other programs need: only our own names count in it")
    func others() throws {
        let folder = try Folder()
        let loaded = try load(
            folder.foundDotEnv(
                """
                APP_NAME=shop
                REDIS_CLIENT=phpredis
                REDIS_HOST = 127.0.0.1
                REDIS_PORT=
                REDIS_PASSWORD=null
                REDIS_DB=0
                REDIS_CACHE_DB=1
                REDIS_PREFIX="shop:"
                REDIS_IMAGE=redis:7
                REDIS_DEV_CLUSTER_HOST_OVERRIDE=1
                MIGRATEREDIS_COMPOSE=1
                source x
                REDIS_DSN
                export REDIS_DATABASE = 5
                KEY="-----BEGIN
                REDIS_HOST=inside
                -----END"
                """
            )
        )
        #expect(loaded.settings.redis.host == "127.0.0.1" && loaded.settings.redis.port == 6_379)
        #expect(loaded.settings.redis.database == 5 && loaded.settings.redis.password?.value == "null")
        #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    }

    @Test("is told of what is nearly one of our names")
    func near() throws {
        let folder = try Folder()
        let dotEnv = try folder.foundDotEnv("A=1\nREDIS_HOSTT=a\nREDIS_PROT 1\nMIGRATEREDIS_LOCK_TLL=1\n")
        let said = try load(dotEnv).warnings.map { $0.replacingOccurrences(of: dotEnv.path, with: ".env") }
        #expect(
            said == [
                ".env line 2: REDIS_HOSTT is not read; did you mean REDIS_HOST?",
                ".env line 3: REDIS_PROT is not read; did you mean REDIS_PORT?",
                ".env line 4: MIGRATEREDIS_LOCK_TLL is not read; did you mean MIGRATEREDIS_LOCK_TTL?",
            ]
        )
    }

    @Test("and that has a wrong value for one of our names stops the program, with the line")
    func wrong() throws {
        let folder = try Folder()
        let found = problems(SettingsSources(dotEnv: try folder.foundDotEnv("X=1\nREDIS_PORT=70000\nREDIS_HOST='a\n")))
        #expect(found.count == 2 && found[0].contains(":2: REDIS_PORT") && found[1].contains(":3: REDIS_HOST"))
    }
}
