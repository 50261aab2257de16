import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("A secret")
struct SecrecyTests {
    private static let secret = "hush-\(UInt64.random(in: 0 ... .max))"

    /// Answers each client with an error that repeats what it sent, as a server does that does not know the command.
    private func echo() throws -> (path: String, keeper: TemporaryDirectory) {
        let home = try TemporaryDirectory()
        let path = home.file("echo.sock")
        let listener = try UnixSocket.listen(on: path)
        Thread {
            // Ends with the test process; there is one a test.
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                var seen = Bytes()
                if UnixSocket.read(from: client, into: &seen) {
                    let words = String(decoding: seen, as: UTF8.self).split(separator: "\r\n").joined(separator: " ")
                    let error = Bytes("-ERR unknown command '\(words)', with args beginning with: '\(words)'\r\n")
                    _ = UnixSocket.write(error + error + error + error, to: client)
                }
                close(client)
            }
        }.start()
        return (path, home)
    }

    @Test(
        "is in no output, whatever fails",
        .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
    )
    func failures() async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issueForThisHost(), by: authority)
        let (echoPath, keeper) = try echo()
        try await withStage(Keyspace(tenants: 1), tcp: true, tls: tls, password: "another") { stage in
            let port = String(try #require(stage.server.port))
            let tlsPort = String(try #require(stage.server.tlsPort))
            let secret = Self.secret
            let cases: [(String, [String: String])] = [
                ("a wrong password", ["REDIS_PASSWORD": secret]),
                ("a wrong user", ["REDIS_USERNAME": "app", "REDIS_PASSWORD": secret]),
                ("a URL with a wrong password", ["REDIS_URL": "redis://app:\(secret)@127.0.0.1:\(port)"]),
                ("a URL that does not parse", ["REDIS_URL": "redis://app:\(secret)@127.0.0.1:port"]),
                ("a URL with a slash in its password", ["REDIS_URL": "redis://app:\(secret)/x@127.0.0.1"]),
                ("a URL without a user", ["REDIS_URL": "redis://\(secret)@127.0.0.1"]),
                ("a URL and more", ["REDIS_URL": "redis://:\(secret)@127.0.0.1", "REDIS_PASSWORD": secret + "2"]),
                ("a server that is not there", ["REDIS_URL": "redis://app:\(secret)@127.0.0.1:1"]),
                ("a server without TLS", ["REDIS_URL": "rediss://:\(secret)@127.0.0.1:\(port)"]),
                ("a server that is not trusted", ["REDIS_URL": "rediss://:\(secret)@127.0.0.1:\(tlsPort)"]),
                ("a server that wants TLS", ["REDIS_URL": "redis://:\(secret)@127.0.0.1:\(tlsPort)"]),
                ("a server that repeats", ["REDIS_SOCKET": echoPath, "REDIS_PASSWORD": secret]),
                (
                    "a user and a server that repeats",
                    [
                        "REDIS_SOCKET": echoPath, "REDIS_USERNAME": "app", "REDIS_PASSWORD": secret,
                    ]
                ),
            ]
            for (name, variables) in cases {
                // A stage names its socket unless a URL takes its place.
                let all = variables["REDIS_URL"] == nil ? variables : variables.merging(["REDIS_SOCKET": ""]) { $1 }
                for arguments in [["status"], ["converge"]] {
                    let result = try await stage.run(arguments, with: all)
                    #expect(result.exitStatus != 0, "\(name): \(result)")
                    #expect(!result.description.contains(secret), "\(name): \(result)")
                }
                let socket = try NotifySocket()
                let daemon = try await stage.daemon(
                    all.merging(socket.variables) { $1 },
                    arguments: ["--log-level", "trace"]
                )
                try await eventually("\(name): a word") {
                    daemon.termination != nil || !daemon.lines("stalled").isEmpty || !daemon.lines("waiting").isEmpty
                }
                _ = await daemon.stop()
                for text in [daemon.standardError, daemon.standardOutput] + socket.assignments {
                    #expect(!text.contains(secret), "\(name): \(text)")
                }
            }
        }
        withExtendedLifetime(keeper) {}
    }

    @Test(
        "as an argument is refused, and not repeated",
        arguments: [
            ["-redis-password", secret, "status"], ["status", "--redis-password", secret],
            ["--redis-password=\(secret)", "status"], ["status", "-redis-password=\(secret)"],
        ]
    )
    func argument(_ arguments: [String]) async throws {
        for program in ["migrateredis", "migrateredisd"] {
            let words = program == "migrateredis" ? arguments : arguments.filter { $0 != "status" }
            let result = try await ProcessRunner.run(try ProductPath.find(program), words)
            #expect(result.exitStatus == 64, "\(result)")
            #expect(result.standardError.contains("REDIS_PASSWORD_FILE"), "\(result)")
            #expect(!result.description.contains(Self.secret), "\(result)")
        }
    }

    @Test("stays in the process: no core file, and its memory is root's alone")
    func memory() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let daemon = try await stage.daemon()
            try await daemon.waitUntilConverged()
            let limits = try String(contentsOfFile: "/proc/\(daemon.pid)/limits", encoding: .utf8)
            let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
            #expect(core.split(separator: " ").suffix(3).prefix(2) == ["0", "0"], "\(core)")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("cannot be read by the same user's other processes", .enabled(if: getuid() == 0, "needs root"))
    func otherProcesses() async throws {
        // The kernel gives what is in /proc to root when a process may not be dumped (proc(5)).
        let program = try ProductPath.find("migrateredisd")
        let home = try TemporaryDirectory()
        let copy = home.file("migrateredisd")
        chmod(home.path, 0o755)
        // Not copied here: a child that is started meanwhile would hold the copy open for writing, and it could not run.
        let installed = try await ProcessRunner.run("install", ["-m", "755", program, copy])
        #expect(installed.exitStatus == 0, "\(installed)")
        let daemon = try await RunningProcess.start(
            "setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "--", copy],
            environment: ["REDIS_SOCKET": home.file("none.sock"), "MIGRATEREDIS_SCHEMA_TARGET": "1"],
            directory: "/"
        )
        try await daemon.waitForLine("waiting", "RedisUnreachable")
        var facts = stat()
        #expect(stat("/proc/\(daemon.pid)/environ", &facts) == 0)
        #expect(facts.st_uid == 0)
        let status = try String(contentsOfFile: "/proc/\(daemon.pid)/status", encoding: .utf8)
        #expect(status.contains("Uid:\t65534"))
        #expect(await daemon.stop() == .exited(0))
    }
}
