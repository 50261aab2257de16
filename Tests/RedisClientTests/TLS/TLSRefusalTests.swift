import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// What is refused, on which side, and what is said of it.
@Suite(
    "TLS that does not come about",
    .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
)
struct TLSRefusalTests {
    /// How a connection fails to a server with a certificate.
    private func refusal(
        of identity: TestIdentity,
        by authority: TestAuthority,
        tls: TLSOptions? = nil,
        host: String = "127.0.0.1",
        wantsClientCertificate: Bool = false,
        arguments: [String] = []
    ) async throws -> RedisError {
        let server = ServerTLS(identity, by: authority, wantsClientCertificate: wantsClientCertificate)
        return try await withRedisServer(arguments: arguments, tls: server) { server in
            let options = server.options(tls ?? authority.trusted(), host: host)
            let error = try await failure { _ = try await RedisConnection.open(options) }
            #expect(error.outcome == .notExecuted)
            return error
        }
    }

    @Test("another's certificate: the names that it is for, and the one that was meant")
    func wrongName() async throws {
        let authority = try await TestAuthority.shared()
        let identity = try await authority.issue("other", names: ["DNS:redis.example", "IP:10.9.8.7", "DNS:*.local"])
        for host in ["127.0.0.1", "localhost", "::1"] {
            let error = try await refusal(of: identity, by: authority, host: host)
            #expect(error.code == .untrusted && !error.isRetryable && error.isConnectivity && !error.isPermission)
            #expect(error.message.contains("is for redis.example, 10.9.8.7, *.local, not for \(host)."), "\(error)")
        }
    }

    @Test("a name that stands in the subject alone does not count, and nothing does where there is none")
    func noNames() async throws {
        let authority = try await TestAuthority.shared()
        let identity = try await authority.issue("localhost")
        let error = try await refusal(of: identity, by: authority, host: "localhost")
        #expect(error.code == .untrusted)
        #expect(error.message.contains("no host name"), "\(error)")
    }

    @Test("a certificate that has expired, or is not valid yet")
    func validity() async throws {
        let authority = try await TestAuthority.shared()
        let past = try await authority.issue("past", names: ["IP:127.0.0.1"], valid: .past)
        let expired = try await refusal(of: past, by: authority)
        #expect(expired.code == .untrusted && !expired.isRetryable)
        #expect(expired.message.contains("expired on 2020-01-31 00:00:00 UTC"), "\(expired)")
        let future = try await authority.issue("future", names: ["IP:127.0.0.1"], valid: .future)
        let early = try await refusal(of: future, by: authority)
        #expect(early.code == .notYetValid && early.isRetryable && early.isConnectivity)
        #expect(early.message.contains("valid only from 2099-01-01 00:00:00 UTC"), "\(early)")
    }

    @Test("an authority that is not trusted, also by the system")
    func unknownAuthority() async throws {
        let authority = try await TestAuthority.shared()
        let other = try await TestAuthority(name: "Another CA")
        let identity = try await authority.issueForThisHost()
        for tls in [other.trusted(), TLSOptions()] {
            let error = try await refusal(of: identity, by: authority, tls: tls)
            #expect(error.code == .untrusted && !error.isRetryable)
            #expect(error.message.contains("CA that signed") && error.message.contains("CN=Test CA"), "\(error)")
        }
    }

    @Test("a certificate that signed itself")
    func selfSigned() async throws {
        let authority = try await TestAuthority.shared()
        let error = try await refusal(of: try await authority.issueSelfSigned(), by: authority)
        #expect(error.code == .untrusted && !error.isRetryable)
        #expect(error.message.contains("signed by itself"), "\(error)")
    }

    @Test("a server that wants a certificate and gets none", arguments: ["TLSv1.2", "TLSv1.3"])
    func certificateWanted(version: String) async throws {
        let authority = try await TestAuthority.shared()
        let error = try await refusal(
            of: try await authority.issueForThisHost(),
            by: authority,
            wantsClientCertificate: true,
            arguments: ["--tls-protocols", version]
        )
        #expect(error.code == .clientCertificate && !error.isRetryable && error.isPermission && !error.isConnectivity)
        #expect(error.message.contains("wants a client certificate"), "\(error)")
    }

    @Test("a server that refuses ours: another's, or one that has expired", arguments: ["TLSv1.2", "TLSv1.3"])
    func certificateRefused(version: String) async throws {
        let authority = try await TestAuthority.shared()
        let other = try await TestAuthority(name: "Another CA")
        let identity = try await authority.issueForThisHost()
        for client in [try await other.issue("client"), try await authority.issue("client", valid: .past)] {
            let error = try await refusal(
                of: identity,
                by: authority,
                tls: authority.trusted(certificate: client),
                wantsClientCertificate: true,
                arguments: ["--tls-protocols", version]
            )
            #expect(error.code == .clientCertificate && !error.isRetryable && error.isPermission)
            #expect(error.message.contains("refuses the client certificate"), "\(error)")
        }
    }

    @Test("a server that speaks nothing newer than TLS 1.1")
    func tooOld() async throws {
        let authority = try await TestAuthority.shared()
        let identity = try await authority.issueForThisHost()
        let port = try FreePort.find()
        let server = try await RunningProcess.start(
            "openssl",
            ["s_server", "-www", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-accept", "127.0.0.1:\(port)"]
                + ["-cert", identity.certificate, "-key", identity.key]
        )
        try await server.waitForOutput(containing: "ACCEPT")
        let error = try await failure {
            _ = try await RedisConnection.open(
                ConnectionOptions(endpoint: .tcp(host: "127.0.0.1", port: port), tls: authority.trusted())
            )
        }
        #expect(error.code == .encryption && !error.isRetryable && error.outcome == .notExecuted)
        #expect(error.message.contains("no TLS of version 1.2 or newer"), "\(error)")
        await server.stop()
    }

    @Test("a server without TLS, which takes our greeting for half a line and waits")
    func plaintextServer() async throws {
        let authority = try await TestAuthority.shared()
        for arguments in [[], ["--requirepass", "secret"]] {
            try await withRedisServer(arguments: arguments, tcp: true) { server in
                let options = ConnectionOptions(
                    endpoint: .tcp(host: "127.0.0.1", port: try #require(server.port)),
                    connectTimeout: .seconds(2),
                    tls: authority.trusted()
                )
                let error = try await failure { _ = try await RedisConnection.open(options) }
                #expect(error.code == .encryption && !error.isRetryable && error.outcome == .notExecuted)
                #expect(error.message.contains("does not speak TLS"), "\(error)")
            }
        }
    }

    @Test("something that answers TLS with text", arguments: ["-ERR unknown\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"])
    func text(_ answer: String) async throws {
        let peer = try RawPeer(tcp: true)
        peer.serve { socket in
            socket.write(answer)
            socket.waitForHangUp()
        }
        var options = peer.options()
        options.tls = TLSOptions()
        let error = try await failure { _ = try await RedisConnection.open(options) }
        #expect(error.code == .encryption && error.message.contains("does not speak TLS"), "\(error)")
    }

    @Test("a connection without TLS to a port for TLS: the error hints at it")
    func plaintextClient() async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issueForThisHost(), by: authority)
        try await withRedisServer(tls: tls) { server in
            var options = server.options(TLSOptions())
            options.tls = nil
            let error = try await failure { _ = try await RedisConnection.open(options) }
            #expect(error.outcome == .notExecuted)
            #expect(error.message.contains("A port for TLS hangs up like this"), "\(error)")
        }
        // Other servers answer with an alert.
        let peer = try RawPeer(tcp: true)
        peer.serve { socket in
            socket.write([21, 3, 3, 0, 2, 2, 70])
            socket.readToEnd()
        }
        let error = try await failure { _ = try await RedisConnection.open(peer.options()) }
        #expect(error.code == .encryption && error.message.contains("answers in TLS"), "\(error)")
    }

    @Test("a server that hangs up in the handshake", arguments: [false, true])
    func hangsUp(withReset: Bool) async throws {
        let peer = try RawPeer(tcp: true)
        peer.serve { socket in
            socket.read(until: "\u{3}")
            if withReset { socket.reset() }
        }
        var options = peer.options()
        options.tls = TLSOptions()
        let error = try await failure { _ = try await RedisConnection.open(options) }
        #expect(error.code == .disconnected && error.isRetryable && error.outcome == .notExecuted)
        #expect(error.message.contains("hung up during the TLS handshake"), "\(error)")
    }

    @Test("a socket has no name that a certificate could bear, unless one is given")
    func unixSocket() async throws {
        let error = try await failure {
            _ = try await RedisConnection.open(ConnectionOptions(endpoint: .unix(path: "/nowhere"), tls: TLSOptions()))
        }
        #expect(error.code == .misconfigured)
    }
}
