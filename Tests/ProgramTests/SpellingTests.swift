import TestSupport
import Testing

@testable import Programs

@Suite("The original's options")
struct SpellingTests {
    @Test("stand before or after the command, with one dash or two, with a blank or an equals sign")
    func places() async throws {
        try await withStage(Keyspace(tenants: 1), tcp: true, password: "p") { stage in
            let port = String(try #require(stage.server.port))
            let values = [
                ("redis-host", "127.0.0.1"), ("redis-port", port), ("redis-database", "0"),
                ("redis-tls-enabled", "false"), ("redis-cluster-enabled", "false"),
            ]
            for dash in ["-", "--"] {
                let spelt = values.flatMap { [dash + $0, $1] }
                let joined = values.map { "\(dash)\($0)=\($1)" }
                let middle = Array(spelt.prefix(4)) + ["list"] + Array(spelt.dropFirst(4))
                for arguments in [spelt + ["list"], ["list"] + spelt, joined + ["list"], ["list"] + joined, middle] {
                    let result = try await ProcessRunner.run(
                        try ProductPath.find("migrateredis"),
                        arguments,
                        environment: ["REDIS_PASSWORD": "p", "REDIS_PORT": "1", "REDIS_DATABASE": "7"],
                        directory: stage.server.directory
                    )
                    #expect(result.exitStatus == 0, "\(arguments): \(result)")
                }
            }
        }
    }

    @Test(
        "that are true when they stand alone take a value only if one follows",
        arguments: [
            (["-redis-tls-enabled", "status"], ["-redis-tls-enabled=true", "status"]),
            (["status", "--redis-tls-enabled"], ["status", "--redis-tls-enabled=true"]),
            (["-redis-cluster-enabled", "-verbose"], ["-redis-cluster-enabled=true", "-verbose"]),
            (["-redis-tls-enabled", "false", "status"], ["-redis-tls-enabled", "false", "status"]),
            (
                ["-redis-tls-enabled=T", "-redis-cluster-enabled=0"],
                ["-redis-tls-enabled=true", "-redis-cluster-enabled=false"]
            ),
            (["-redis-tls-enabled", "YES"], ["-redis-tls-enabled", "YES"]),
            (["-redis-tls-enabled=false"], ["-redis-tls-enabled=false"]),
            (["redis-tls-enabled", "---redis-tls-enabled"], ["redis-tls-enabled", "---redis-tls-enabled"]),
            ([], []),
        ]
    )
    func switches(given: [String], completed: [String]) throws {
        #expect(try Spelling.normalized(given) == completed)
    }

    @Test("that are said or not said take Go's booleans behind an equals sign, and no others")
    func flags() throws {
        for dash in ["-", "--"] {
            for name in ["force", "verbose", "auto-approve", "yes", "all", "watch", "check"] {
                for word in ["1", "t", "T", "true", "TRUE", "True"] {
                    #expect(try Spelling.normalized(["\(dash)\(name)=\(word)", "x"]) == [dash + name, "x"])
                }
                for word in ["0", "f", "F", "false", "FALSE", "False"] {
                    #expect(try Spelling.normalized(["a", "\(dash)\(name)=\(word)", "x"]) == ["a", "x"])
                }
                for word in ["", "yes", "tRUE", "2"] {
                    #expect(throws: (any Error).self) { try Spelling.normalized(["\(dash)\(name)=\(word)"]) }
                }
            }
        }
        #expect(try Spelling.normalized(["-y=true", "--reason=force=1"]) == ["-y", "--reason=force=1"])
        let behind = ["resolve", "--", "-force=true", "-redis-tls-enabled"]
        #expect(try Spelling.normalized(behind) == behind)
    }

    @Test(
        "alone turn TLS on",
        .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() },
        arguments: [["-redis-tls-enabled", "status"], ["status", "--redis-tls-enabled"]]
    )
    func bareTLS(arguments: [String]) async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issueForThisHost(), by: authority)
        try await withStage(Keyspace(tenants: 1), tls: tls) { stage in
            let result = try await ProcessRunner.run(
                try ProductPath.find("migrateredis"),
                arguments,
                environment: [
                    "REDIS_HOST": "localhost", "REDIS_PORT": String(try #require(stage.server.tlsPort)),
                    "REDIS_TLS_CA_FILE": authority.own.certificate,
                ],
                directory: stage.server.directory
            )
            #expect(result.exitStatus == 0, "\(result)")
            #expect(result.standardOutput.contains("over TLS"), "\(result)")
        }
    }
}
