import Foundation
import TestSupport
import Testing

@testable import RedisClient

@Suite(
    "Over TLS",
    .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
)
struct TLSTests {
    /// Lends a server that speaks TLS with a certificate for this host.
    private func withServer(
        wantsClientCertificate: Bool = false,
        arguments: [String] = [],
        _ body: (RedisServer, TestAuthority) async throws -> Void
    ) async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(
            try await authority.issueForThisHost(),
            by: authority,
            wantsClientCertificate: wantsClientCertificate
        )
        try await withRedisServer(arguments: arguments, tls: tls) { try await body($0, authority) }
    }

    @Test("a server is reached by any name or address that its certificate bears")
    func names() async throws {
        try await withServer { server, authority in
            for host in ["localhost", "127.0.0.1", "::1"] {
                let connection = try await server.connect(authority.trusted(), host: host)
                #expect(try await connection.send("PING").text == "PONG")
                #expect(await connection.id > 0)
            }
        }
    }

    @Test("another name than the host's can be asked for", arguments: ["redis.example", "a.wild.example", "10.9.8.7"])
    func serverName(_ name: String) async throws {
        let authority = try await TestAuthority.shared()
        let names = ["DNS:redis.example", "DNS:*.wild.example", "IP:10.9.8.7"]
        let identity = try await authority.issue("elsewhere", names: names)
        try await withRedisServer(tls: ServerTLS(identity, by: authority)) { server in
            let connection = try await server.connect(authority.trusted(serverName: name))
            #expect(try await connection.send("PING").text == "PONG")
            let error = try await failure { _ = try await server.connect(authority.trusted()) }
            #expect(error.code == .untrusted)
        }
    }

    @Test(
        "a name that begins with a dot would stand for all that end so, and is none",
        arguments: [".example"]
    )
    func suffix(_ name: String) async throws {
        let authority = try await TestAuthority.shared()
        let identity = try await authority.issue("elsewhere", names: ["DNS:redis.example"])
        try await withRedisServer(tls: ServerTLS(identity, by: authority)) { server in
            let error = try await failure { _ = try await server.connect(authority.trusted(serverName: name)) }
            #expect(error.code == .misconfigured, "\(error)")
        }
    }

    @Test("a server that wants a certificate gets ours", arguments: ["TLSv1.2", "TLSv1.3"], [nil, "open sesame"])
    func clientCertificate(version: String, passphrase: String?) async throws {
        try await withServer(wantsClientCertificate: true, arguments: ["--tls-protocols", version]) {
            server,
            authority in
            let home = try TemporaryDirectory()
            let client = try await authority.issue("client", passphrase: passphrase)
            let file = try passphrase.map { try home.write($0 + "\n", to: "passphrase") }
            let tls = TLSOptions(
                authorities: authority.own.certificate,
                certificate: client.certificate,
                key: client.key,
                passphraseFile: file
            )
            let connection = try await server.connect(tls)
            #expect(try await connection.send("PING").text == "PONG")
        }
    }

    @Test("authorities are also taken from a directory, and a certificate in the file is trusted by itself")
    func authorities() async throws {
        try await withServer { server, authority in
            let home = try TemporaryDirectory()
            try FileManager.default.copyItem(atPath: authority.own.certificate, toPath: home.file("ca.pem"))
            let rehash = try await ProcessRunner.run("openssl", ["rehash", home.path])
            #expect(rehash.exitStatus == 0, "\(rehash)")
            let connection = try await server.connect(TLSOptions(authorities: home.path))
            #expect(try await connection.send("PING").text == "PONG")
        }
        let authority = try await TestAuthority.shared()
        for identity in [try await authority.issueSelfSigned(), try await authority.issueForThisHost()] {
            try await withRedisServer(tls: ServerTLS(identity, by: authority)) { server in
                let connection = try await server.connect(TLSOptions(authorities: identity.certificate))
                #expect(try await connection.send("PING").text == "PONG")
            }
        }
    }

    @Test("files are read once for all connections, and again after a failure in which they had a part")
    func rotation() async throws {
        try await withServer(wantsClientCertificate: true) { server, authority in
            let other = try await TestAuthority(name: "Another CA")
            let home = try TemporaryDirectory()
            func put(_ file: String, as name: String) throws {
                try home.write(String(contentsOfFile: file, encoding: .utf8), to: name)
            }
            func putIdentity(of authority: TestAuthority) async throws {
                let identity = try await authority.issue("client")
                try put(identity.certificate, as: "client.pem")
                try put(identity.key, as: "client.key")
            }
            try put(other.own.certificate, as: "ca.pem")
            try await putIdentity(of: other)
            let tls = TLSOptions(
                authorities: home.file("ca.pem"),
                certificate: home.file("client.pem"),
                key: home.file("client.key")
            )
            let untrusted = try await failure { _ = try await server.connect(tls) }
            #expect(untrusted.code == .untrusted)
            try put(authority.own.certificate, as: "ca.pem")
            let refused = try await failure { _ = try await server.connect(tls) }
            #expect(refused.code == .clientCertificate)
            try await putIdentity(of: authority)
            #expect(try await server.ping(tls) == "PONG")
            // Half a rotation does not disturb those who need nothing new.
            try home.write("no certificate", to: "ca.pem")
            #expect(try await server.ping(tls) == "PONG")
        }
    }

    @Test("without verification any server is taken, and the description says so")
    func withoutVerification() async throws {
        let authority = try await TestAuthority.shared()
        let identity = try await authority.issue("expired elsewhere", names: ["DNS:elsewhere"], valid: .past)
        try await withRedisServer(tls: ServerTLS(identity, by: authority)) { server in
            let tls = TLSOptions(verifies: false)
            let answer = try await server.ping(tls)
            #expect(answer == "PONG")
            #expect("\(server.options(tls))".contains("verification is off"))
            #expect(!"\(server.options(authority.trusted()))".contains("verification"))
        }
    }

    @Test("megabytes go both ways in one pipeline")
    func large() async throws {
        try await withServer { server, authority in
            let connection = try await server.connect(authority.trusted())
            var generator = SeededGenerator(seed: 7)
            let content = Bytes((0..<1 << 20).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
            var requests = CommandBuffer()
            for number in 0..<32 { requests.append("ECHO", content.dropLast(number).map { $0 }) }
            let replies = try await connection.pipeline(requests)
            for (number, reply) in replies.enumerated() {
                let isEqual = reply.equals(content.dropLast(number).map { $0 })
                #expect(isEqual, "reply \(number)")
            }
        }
    }

    @Test("a hundred thousand small commands in one pipeline are answered in order")
    func many() async throws {
        try await withServer { server, authority in
            let connection = try await server.connect(authority.trusted())
            var requests = CommandBuffer()
            for number in 0..<100_000 { requests.append("ECHO", String(number)) }
            let replies = try await connection.pipeline(requests)
            let wrong = replies.enumerated().first { $1.text != String($0) }
            #expect(wrong == nil)
        }
    }

    @Test("a server that is killed in the middle of a pipeline leaves the outcome unknown")
    func killed() async throws {
        try await withServer { server, authority in
            let connection = try await server.connect(authority.trusted())
            async let call = failure {
                _ = try await connection.pipeline(commands(["PING"], ["BLPOP", "nothing", "0"], ["PING"]))
            }
            try await eventually("the command to wait") {
                try await server.cli("INFO", "clients").contains("blocked_clients:1")
            }
            await server.kill()
            let error = try await call
            #expect(error.code == .disconnected)
            #expect(error.outcome == .unknown)
            #expect(error.message.contains("1 of 3 replies"))
            #expect(await connection.isClosed)
        }
    }

    @Test("a server that hung up while nothing was asked is noticed before anything is sent")
    func idle() async throws {
        try await withServer { server, authority in
            let connection = try await server.connect(authority.trusted())
            try await server.cli("CLIENT", "KILL", "TYPE", "normal")
            try await eventually("the end") { try await server.cli("CLIENT", "LIST").split(separator: "\n").count == 1 }
            let error = try await failure { _ = try await connection.send("SET", "a", "1") }
            #expect(error.code == .disconnected)
            #expect(error.outcome == .notExecuted)
        }
    }

    @Test("no thread and no descriptor is left, whether connections ended well or not")
    func resources() async throws {
        try await withServer { server, authority in
            let other = try await TestAuthority(name: "Another CA")
            for _ in 0..<20 {
                _ = try await server.connect(authority.trusted())
                _ = try await failure { _ = try await server.connect(other.trusted()) }
            }
            try await eventually("the ends") {
                try await server.cli("CLIENT", "LIST").split(separator: "\n").count == 1
            }
        }
    }
}
