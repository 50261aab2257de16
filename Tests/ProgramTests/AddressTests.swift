import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("Where Redis is, as the original was told")
struct AddressTests {
    private static let small = Keyspace(tenants: 2)

    @Test("REDIS_HOST and REDIS_PORT name the server, and the options win over them")
    func hostAndPort() async throws {
        try await withStage(Self.small, tcp: true) { stage in
            let port = String(try #require(stage.server.port))
            let named = ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": port]
            let apply = try await run(stage, ["-migration", "001_hash_tags", "-auto-approve", "apply"], named)
            #expect(apply.exitStatus == 0, "\(apply)")
            let wrong = ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"]
            let options = ["-redis-host", "localhost", "--redis-port", port, "-migration", "001_hash_tags", "verify"]
            let verify = try await run(stage, options, wrong)
            #expect(verify.exitStatus == 0, "\(verify)")
            let cleanup = try await run(
                stage,
                ["-migration", "001_hash_tags", "cleanup", "-force"],
                ["REDIS_URL": "redis://127.0.0.1:\(port)/0"]
            )
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("REDIS_DATABASE chooses the database, and the others stay as they are")
    func database() async throws {
        try await withStage(Self.small, database: 3) { stage in
            try await stage.send("HSET", "tenant:other", "id", "other")
            let zero = try await stage.snapshot(withBookkeeping: true)
            let result = try await stage.converge(with: ["REDIS_DATABASE": "3"])
            #expect(result.exitStatus == 0, "\(result)")
            #expect(try await stage.snapshot(withBookkeeping: true) == zero)
            let three = try await stage.connect(database: 3)
            let after = try await Snapshot.read(from: three)
            await three.close()
            #expect(after.difference(from: stage.keyspace.expected(after: stage.before)) == nil)
        }
    }

    @Test("The password comes from REDIS_PASSWORD or from REDIS_PASSWORD_FILE")
    func password() async throws {
        let password = "correct horse \(UInt64.random(in: 0 ... .max))"
        try await withStage(Self.small, password: password) { stage in
            let apply = try await stage.run(
                "-migration",
                "001_hash_tags",
                "apply",
                "-auto-approve",
                with: ["REDIS_PASSWORD": password]
            )
            #expect(apply.exitStatus == 0, "\(apply)")
            let home = try TemporaryDirectory()
            let file = try home.write(password + "\n", to: "password")
            let rest = try await stage.converge(with: ["REDIS_PASSWORD_FILE": file])
            #expect(rest.exitStatus == 0, "\(rest)")
            expectNone(try await stage.faultOfConverged())
            for output in [apply, rest].map(\.description) { #expect(!output.contains(password)) }
        }
    }

    @Test("An .env that is named is read, and the environment wins over it")
    func dotEnv() async throws {
        try await withStage(Self.small, tcp: true) { stage in
            let home = try TemporaryDirectory()
            let port = String(try #require(stage.server.port))
            try home.write("# as deployed\nREDIS_HOST = 127.0.0.1\nREDIS_PORT=\(port)\n", to: ".env")
            let plan = try await run(
                stage,
                ["--env-file", ".env", "-migration", "001_hash_tags", "plan"],
                in: home.path
            )
            #expect(plan.exitStatus == 0, "\(plan)")
            #expect(plan.standardOutput.contains("tenant"), "\(plan)")
            let elsewhere = try await run(
                stage,
                ["--env-file", ".env", "status"],
                ["REDIS_PORT": "1"],
                in: home.path
            )
            #expect(elsewhere.exitStatus == 69, "\(elsewhere)")
        }
    }

    @Test("Root reads no .env that nobody named, whatever it is", .enabled(if: geteuid() == 0, "needs root"))
    func foreignDotEnv() async throws {
        try await withStage(Self.small, tcp: true) { stage in
            let port = String(try #require(stage.server.port))
            let named = ["REDIS_HOST": "127.0.0.1", "REDIS_PORT": port]
            for kind in ["file", "link", "pipe", "directory"] {
                let home = try TemporaryDirectory()
                let path = home.file(".env")
                switch kind {
                case "file": try home.write("REDIS_DATABASE=none\n", to: ".env")
                case "link": #expect(symlink("/proc/self/environ", path) == 0)
                case "pipe": #expect(mkfifo(path, 0o600) == 0)
                default: #expect(mkdir(path, 0o700) == 0)
                }
                let status = try await run(stage, ["status"], named, in: home.path)
                #expect(status.exitStatus == 0, "\(kind): \(status)")
                #expect(status.standardError.contains(".env: not read"), "\(kind): \(status)")
            }
        }
    }

    @Test(
        "A password does not go where a file sends it that nobody named, nor where the command line names another host"
    )
    func stolenPassword() async throws {
        try await withStage(Self.small, tcp: true) { stage in
            let port = String(try #require(stage.server.port))
            let home = try TemporaryDirectory()
            let config = try home.write("redis: {password: hush}\n", to: "root.yaml")
            // By root, or by a user in the name of another: neither is as trusted as the file.
            let caller = ["SUDO_UID": String(geteuid() + 1)]
            let result = try await run(
                stage,
                ["--config", config, "-redis-host", "127.0.0.1", "-redis-port", port, "status"],
                caller
            )
            #expect(result.exitStatus == 78, "\(result)")
            #expect(result.standardError.contains("root.yaml:1: redis.password"), "\(result)")
            #expect(result.standardError.contains("the command line (redis.host)"), "\(result)")
            #expect(!result.description.contains("hush"), "\(result)")
        }
    }

    @Test(
        "An operator's password does not go where an .env says, not even their own; what needs none does",
        .enabled(if: geteuid() == 0, "needs root")
    )
    func operators() async throws {
        try await withStage(Self.small, tcp: true) { stage in
            let port = String(try #require(stage.server.port))
            let home = try TemporaryDirectory()
            chmod(home.path, 0o755)
            let installed = try await ProcessRunner.run(
                "install",
                ["-m", "755", try ProductPath.find("migrateredis"), home.file("migrateredis")]
            )
            #expect(installed.exitStatus == 0, "\(installed)")
            let place = home.file("place")
            #expect(mkdir(place, 0o755) == 0 && chown(place, 65_534, 65_534) == 0)
            try home.write("REDIS_HOST=127.0.0.1\nREDIS_PORT=\(port)\n", to: "place/.env", permissions: 0o644)
            func status(_ variables: [String: String]) async throws -> ProcessResult {
                try await ProcessRunner.run(
                    "setpriv",
                    ["--reuid=65534", "--regid=65534", "--clear-groups", "--", home.file("migrateredis"), "status"],
                    environment: variables,
                    directory: place
                )
            }
            let refused = try await status(["REDIS_PASSWORD": "hush"])
            #expect(refused.exitStatus == 78 && refused.standardError.contains(".env line 1"), "\(refused)")
            let plain = try await status([:])
            #expect(plain.exitStatus == 0, "\(plain)")
            // Another's directory: its file is passed over, and nothing listens at the default address of this test.
            #expect(chown(place, 1, 1) == 0)
            let foreign = try await status(["REDIS_PASSWORD": "hush", "REDIS_PORT": "1"])
            #expect(foreign.exitStatus == 69 && foreign.standardError.contains(".env: not read"), "\(foreign)")
        }
    }

    /// Without the socket that a stage names by itself.
    private func run(
        _ stage: Stage,
        _ arguments: [String],
        _ variables: [String: String] = [:],
        in directory: String? = nil
    ) async throws -> ProcessResult {
        try await ProcessRunner.run(
            try ProductPath.find("migrateredis"),
            arguments,
            environment: variables,
            directory: directory ?? stage.server.directory
        )
    }
}
