import Foundation
import RedisClient
import TestSupport
import Testing

@Suite(
    "Over TLS, the programs",
    .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
)
struct EncryptionTests {
    private static let small = Keyspace(tenants: 3)
    private static let login = "hush-hush"

    /// Lends a stage whose server speaks TLS, and knows one user besides the default one.
    private func withTLS(
        wantsClientCertificate: Bool = false,
        valid: TestAuthority.Validity = .now,
        _ body: (Stage, TestAuthority) async throws -> Void
    ) async throws {
        let authority = try await TestAuthority.shared()
        let names = ["DNS:localhost", "IP:127.0.0.1"]
        let tls = ServerTLS(
            try await authority.issue("server", names: names, valid: valid),
            by: authority,
            wantsClientCertificate: wantsClientCertificate
        )
        try await withStage(Self.small, tls: tls) { stage in
            try await stage.send("ACL", "SETUSER", "app", "on", ">\(Self.login)", "~*", "&*", "+@all")
            try await stage.send("ACL", "SETUSER", "default", "resetpass", ">other")
            try await body(try await Stage(stage, password: "other"), authority)
        }
    }

    private func address(_ stage: Stage, _ more: [String: String]) throws -> [String: String] {
        let port = String(try #require(stage.server.tlsPort))
        return ["REDIS_SOCKET": "", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": port, "REDIS_TLS_ENABLED": "true"]
            .merging(["REDIS_USERNAME": "app", "REDIS_PASSWORD": Self.login]) { $1 }
            .merging(more) { $1 }
    }

    @Test("the daemon converges with a verified server, as an ACL user")
    func daemon() async throws {
        try await withTLS { stage, authority in
            let variables = try address(stage, ["REDIS_TLS_CA_FILE": authority.own.certificate])
            let daemon = try await stage.daemon(variables)
            try await daemon.waitUntilConverged()
            #expect(daemon.standardError.contains("over TLS"))
            #expect(!daemon.standardError.contains("verification"))
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("the command line converges too, by a rediss URL and by the options")
    func commandLine() async throws {
        try await withTLS { stage, authority in
            let port = String(try #require(stage.server.tlsPort))
            let apply = try await stage.run(
                ["-migration", "001_hash_tags", "apply", "-auto-approve"],
                with: [
                    "REDIS_SOCKET": "", "REDIS_URL": "rediss://app:\(Self.login)@localhost:\(port)",
                    "REDIS_TLS_CA_FILE": authority.own.certificate,
                ]
            )
            #expect(apply.exitStatus == 0, "\(apply)")
            var variables = try address(stage, ["REDIS_TLS_CA_FILE": authority.own.certificate])
            variables["REDIS_TLS_ENABLED"] = nil
            let verify = try await stage.run(
                ["-redis-tls-enabled", "true", "-migration", "001_hash_tags", "verify"],
                with: variables
            )
            #expect(verify.exitStatus == 0, "\(verify)")
            let rest = try await stage.converge(
                with: try address(
                    stage,
                    [
                        "REDIS_TLS_CA_FILE": authority.own.certificate
                    ]
                )
            )
            #expect(rest.exitStatus == 0, "\(rest)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("a server that cannot be trusted is refused by both: exit 69, and stalled with the cause")
    func untrusted() async throws {
        try await withTLS { stage, _ in
            let changes = try await stage.changes()
            let variables = try address(stage, [:])
            let status = try await stage.run(["status"], with: variables)
            #expect(status.exitStatus == 69, "\(status)")
            #expect(status.standardError.contains("CA that signed the certificate"), "\(status)")
            #expect(status.standardError.contains("the name to expect is the host"), "\(status)")
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(variables.merging(socket.variables) { $1 })
            try await daemon.waitForLine("stalled", "CA that signed the certificate")
            try await socket.waitFor("READY=1")
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("a client certificate that is wanted and not set: exit 77; one that is set is shown")
    func clientCertificate() async throws {
        try await withTLS(wantsClientCertificate: true) { stage, authority in
            let variables = try address(stage, ["REDIS_TLS_CA_FILE": authority.own.certificate])
            let without = try await stage.run(["status"], with: variables)
            #expect(without.exitStatus == 77, "\(without)")
            #expect(without.standardError.contains("wants a client certificate"), "\(without)")
            let client = try await authority.issue("client", passphrase: "open sesame")
            let home = try TemporaryDirectory()
            let with = try await stage.converge(
                with: variables.merging([
                    "REDIS_TLS_CERT_FILE": client.certificate, "REDIS_TLS_KEY_FILE": client.key,
                    "REDIS_TLS_KEY_PASSPHRASE_FILE": try home.write("open sesame\n", to: "passphrase"),
                ]) { $1 }
            )
            #expect(with.exitStatus == 0, "\(with)")
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("a file that cannot be used is a mistake in the configuration: exit 78, and at a reload the old one stays")
    func files() async throws {
        try await withTLS { stage, authority in
            let home = try TemporaryDirectory()
            let authorities = try home.write(
                String(contentsOfFile: authority.own.certificate, encoding: .utf8),
                to: "ca.pem"
            )
            let variables = try address(stage, ["REDIS_TLS_CA_FILE": authorities])
            let daemon = try await stage.daemon(variables)
            try await daemon.waitUntilConverged()
            try home.write("nothing", to: "ca.pem")
            #expect(daemon.signal(SIGHUP))
            try await daemon.waitForLine("configuration refused; the old one stays", "holds no certificate")
            #expect(await daemon.stop() == .exited(0))
            let status = try await stage.run(["status"], with: variables)
            #expect(status.exitStatus == 78, "\(status)")
            #expect(status.standardError.contains(authorities), "\(status)")
            let second = try await stage.daemon(variables)
            #expect(try await second.waitForExit() == .exited(78))
        }
    }

    @Test("without verification they work, and say so loudly: in the log, in both kinds of status")
    func withoutVerification() async throws {
        try await withTLS(valid: .past) { stage, _ in
            let variables = try address(stage, ["REDIS_TLS_VERIFY": "false", "REDIS_HOST": "localhost"])
            let status = try await stage.run(["status"], with: variables)
            #expect(status.exitStatus == 0, "\(status)")
            #expect(status.standardError.contains("Warning: redis.tls.verify: false"), "\(status)")
            #expect(status.standardOutput.contains("verification is off"), "\(status)")
            let json = try await stage.run(["status", "--output", "json"], with: variables)
            #expect(json.standardOutput.contains("verification is off"), "\(json)")
            let socket = try NotifySocket()
            let daemon = try await stage.daemon(variables.merging(socket.variables) { $1 })
            try await daemon.waitUntilConverged()
            try await daemon.waitForLine("WARNING", "redis.tls.verify: false")
            let statuses = socket.assignments.filter { $0.hasPrefix("STATUS=") }
            #expect(!statuses.isEmpty)
            for line in statuses { #expect(line.contains("TLS verification is off"), "\(line)") }
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }
}

extension Stage {
    /// The same stage for a test that has given the server a password meanwhile.
    fileprivate init(_ stage: Stage, password: String) async throws {
        try await self.init(server: stage.server, keyspace: stage.keyspace, password: password)
    }
}
