import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("Who may not")
struct AccessTests {
    @Test("No server at the address: exit 69 with the address")
    func unreachable() async throws {
        let home = try TemporaryDirectory()
        let port = String(try FreePort.find())
        let places = [
            (["REDIS_SOCKET": home.file("none.sock")], "none.sock"),
            (["REDIS_HOST": "127.0.0.1", "REDIS_PORT": port], port),
            (["REDIS_HOST": "host.invalid"], "host.invalid"),
        ]
        for (variables, told) in places {
            for arguments in [["status"], ["-migration", "001_hash_tags", "apply", "-auto-approve"], ["converge"]] {
                let result = try await ProcessRunner.run(
                    try ProductPath.find("migrateredis"),
                    arguments,
                    environment: variables,
                    directory: home.path
                )
                #expect(result.exitStatus == 69, "\(arguments) \(variables): \(result)")
                #expect(result.standardError.contains(told), "\(arguments) \(variables): \(result)")
            }
        }
    }

    @Test("A wrong password, or none: exit 77; the daemon stalls and says so")
    func wrongPassword() async throws {
        try await withStage(Keyspace(tenants: 1), password: "right") { stage in
            let changes = try await stage.changes()
            for variables in [["REDIS_PASSWORD": "wrong-\(UInt32.random(in: 0 ... .max))"], [:]] {
                let result = try await stage.run("status", with: variables)
                #expect(result.exitStatus == 77, "\(result)")
                if let wrong = variables["REDIS_PASSWORD"] { #expect(!result.description.contains(wrong), "\(result)") }
                let socket = try NotifySocket()
                let daemon = try await stage.daemon(variables.merging(socket.variables) { $1 })
                try await daemon.waitForLine("stalled", "reason=PermissionDenied")
                try await socket.waitFor("READY=1")
                #expect(await daemon.stop() == .exited(0))
            }
            #expect(try await stage.changes() == changes)
        }
    }

    @Test(
        "A user without the right to a command: the command is named, and no data are touched",
        arguments: ["hgetall", "watch", "scan"]
    )
    func missingRight(command: String) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-\(command)")
            let login = ["REDIS_USERNAME": "limited", "REDIS_PASSWORD": "secret"]
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve", with: login)
            #expect(apply.exitStatus == 77, "\(apply)")
            #expect(apply.standardError.contains("+\(command)"), "\(apply)")
            #expect(try await stage.snapshot() == stage.before)
            #expect(try await stage.lock() == nil, "the lock is given back")

            let daemon = try await stage.daemon(login)
            let line = try await daemon.waitForLine("stalled", "reason=PermissionDenied")
            #expect(line.contains("+\(command)"), "\(line)")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.snapshot() == stage.before)

            // With the right given, the next run goes on.
            try await stage.send("ACL", "SETUSER", "limited", "+\(command)")
            let result = try await stage.converge(with: login)
            #expect(result.exitStatus == 0, "\(result)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("A user without the right to EXEC: permission, too, and not something that passes")
    func missingExec() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-exec")
            let login = ["REDIS_USERNAME": "limited", "REDIS_PASSWORD": "secret"]
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve", with: login)
            #expect(apply.standardError.contains("+exec"), "\(apply)")
            #expect(try await stage.snapshot(withBookkeeping: true) == stage.before)
            #expect(apply.exitStatus == 77, "\(apply)")
        }
    }

    @Test(
        "A password is in no output, no status and no argument",
        arguments: ["REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "REDIS_URL"]
    )
    func passwordStaysSecret(variable: String) async throws {
        let password = "hush\(UInt64.random(in: 0 ... .max))"
        try await withStage(Keyspace(tenants: 4), tcp: true, password: password) { stage in
            let home = try TemporaryDirectory()
            let port = String(try #require(stage.server.port))
            let variables: [String: String]
            switch variable {
            case "REDIS_PASSWORD_FILE": variables = [variable: try home.write(password, to: "password")]
            case "REDIS_URL": variables = [variable: "redis://:\(password)@127.0.0.1:\(port)/0", "REDIS_SOCKET": ""]
            default: variables = [variable: password]
            }
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(
                variables.merging(socket.variables) { $1 },
                arguments: ["--log-level", "debug"]
            )
            try await daemon.waitUntilConverged()
            let commandLine = try String(
                decoding: Data(contentsOf: URL(fileURLWithPath: "/proc/\(daemon.pid)/cmdline")),
                as: UTF8.self
            )
            #expect(commandLine.contains("migrateredisd"))
            var outputs = [commandLine]
            for arguments in [
                ["status"], ["status", "--output", "json"], ["list"], ["-migration", "x", "plan"],
            ] {
                outputs.append(try await stage.run(arguments, with: variables).description)
            }
            // Failures tell much; not this.
            await stage.server.stop()
            outputs.append(try await stage.run("status", with: variables).description)
            try await daemon.waitForLine("reason=RedisUnreachable")
            #expect(await daemon.stop() == .exited(0))
            outputs += [daemon.standardOutput, daemon.standardError] + socket.assignments
            for output in outputs { #expect(!output.contains(password), "\(output)") }
        }
    }
}
