import Foundation
import TestSupport
import Testing

@testable import RedisClient

@Suite("Files for TLS")
struct TLSFileTests {
    private func fault(_ options: TLSOptions) throws -> RedisError {
        let error = #expect(throws: RedisError.self) { try options.check() }
        let found = try #require(error)
        #expect(found.code == .misconfigured && found.outcome == .notExecuted)
        #expect(!found.isRetryable && !found.isConnectivity && !found.isPermission)
        return found
    }

    @Test("that hold no authorities are refused by name, with the reason")
    func authorities() throws {
        let home = try TemporaryDirectory()
        let cases = [
            home.file("missing"): "cannot be read: No such file or directory",
            try home.write("", to: "empty"): "holds no certificate in PEM form",
            try home.write("text\n", to: "text"): "holds no certificate in PEM form",
            home.path: "run openssl rehash on it",
            "/dev/null": "is not a regular file",
        ]
        for (path, reason) in cases {
            let error = try fault(TLSOptions(authorities: path))
            #expect(error.message.contains(path) && error.message.contains(reason), "\(error)")
        }
    }

    @Test("that hold no certificate, no key, or those of two are refused")
    func certificateAndKey() async throws {
        let home = try TemporaryDirectory()
        let authority = try await TestAuthority.shared()
        let identity = try await authority.issue("client")
        let other = try await authority.issue("client")
        let text = try home.write("text\n", to: "text")
        let missing = home.file("missing")
        let cases = [
            (missing, identity.key, "The client certificate \(missing) cannot be read: No such file or directory"),
            (identity.certificate, missing, "The client key \(missing) cannot be read: No such file or directory"),
            (text, identity.key, "The file \(text) holds no client certificate in PEM form"),
            (identity.certificate, text, "The file \(text) holds no private key in PEM form"),
            (identity.certificate, identity.certificate, "holds no private key in PEM form"),
            (identity.certificate, other.key, "is not that of the certificate"),
        ]
        for (certificate, key, reason) in cases {
            let error = try fault(TLSOptions(certificate: certificate, key: key))
            #expect(error.message.contains(reason), "\(error)")
        }
        #expect(try fault(TLSOptions(certificate: identity.certificate)).message.contains("needs its key"))
        #expect(try fault(TLSOptions(key: identity.key)).message.contains("needs its key"))
        try TLSOptions(certificate: identity.certificate, key: identity.key).check()
    }

    @Test("are not repeated by an error if what names them may be what belongs into them")
    func misplaced() async throws {
        let identity = try await TestAuthority.shared().issue("client")
        let words = "-----BEGIN PRIVATE KEY-----MIIEvQ"
        let cases = [
            (TLSOptions(authorities: words), "The CA file that is named cannot be read: No such file"),
            (TLSOptions(certificate: words, key: identity.key), "The client certificate that is named cannot be read"),
            (TLSOptions(certificate: identity.certificate, key: words), "The client key that is named cannot be read"),
        ]
        for (options, sentence) in cases {
            let error = try fault(options)
            #expect(error.message.hasPrefix(sentence) && !error.message.contains("MIIEvQ"), "\(error)")
        }
    }

    @Test("with a pass phrase need the right one, and no error shows it")
    func passphrases() async throws {
        let home = try TemporaryDirectory()
        let identity = try await TestAuthority.shared().issue("client", passphrase: "open sesame")
        func options(_ file: String?) -> TLSOptions {
            TLSOptions(certificate: identity.certificate, key: identity.key, passphraseFile: file)
        }
        for end in ["", "\n", "\r\n"] {
            try options(home.write("open sesame" + end, to: "right")).check()
        }
        #expect(try fault(options(nil)).message.contains("has a pass phrase; name the file"))
        let cases = [
            try home.write("open sesame2", to: "wrong"): "does not open the client key",
            try home.write("\n", to: "empty"): "is empty",
            try home.write(String(repeating: "open sesame", count: 100), to: "long"): "holds more than 1024 bytes",
            home.file("missing"): "cannot be read: No such file or directory",
            home.path: "cannot be read: Is a directory",
        ]
        for (file, reason) in cases {
            let error = try fault(options(file))
            #expect(error.message.contains(reason) && !error.message.contains("sesame"), "\(error)")
        }
        // One that is not needed does no harm.
        let plain = try await TestAuthority.shared().issue("client")
        try TLSOptions(
            certificate: plain.certificate,
            key: plain.key,
            passphraseFile: try home.write("x", to: "x")
        ).check()
    }

    @Test("that cannot be used fail a connection before it is made")
    func beforeConnecting() async throws {
        let peer = try RawPeer(tcp: true)
        var options = peer.options()
        options.tls = TLSOptions(authorities: "/nonexistent/ca.pem")
        let error = try await failure { _ = try await RedisConnection.open(options) }
        #expect(error.code == .misconfigured)
    }

    @Test(
        "a name to expect is told from an address",
        arguments: [
            ("redis.example", ExpectedName.host("redis.example")), ("redis.example.", .host("redis.example")),
            ("127.0.0.1", .address("127.0.0.1")), ("::1", .address("::1")), ("[::1]", .address("::1")),
            ("fe80::1%eth0", .address("fe80::1")), ("127.0.0.1.example", .host("127.0.0.1.example")),
            ("1.2.3", .host("1.2.3")),
        ]
    )
    func expectedNames(text: String, name: ExpectedName) {
        #expect(ExpectedName(text) == name)
    }
}
