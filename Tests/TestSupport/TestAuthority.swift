import Foundation

/// A certificate and its key, in files.
public struct TestIdentity: Sendable {
    /// The certificate in PEM form.
    public var certificate: String
    /// The private key in PEM form.
    public var key: String
}

/// A throw-away certificate authority, made with the program `openssl`.
///
/// Its files are gone with the last reference to it.
public final class TestAuthority: Sendable {
    /// When a certificate is valid.
    public enum Validity: Sendable {
        /// Now.
        case now
        /// In January 2020.
        case past
        /// From the year 2099.
        case future
    }

    /// The authority's own certificate and key.
    public let own: TestIdentity
    private let home: TemporaryDirectory

    /// Makes an authority.
    public init(name: String = "Test CA") async throws {
        home = try TemporaryDirectory()
        own = TestIdentity(certificate: home.file("ca.pem"), key: home.file("ca.key"))
        try await Self.openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
                + ["-subj", "/CN=\(name)", "-keyout", own.key, "-out", own.certificate]
        )
    }

    /// One for all tests of a process that need no authority of their own.
    public static func shared() async throws -> TestAuthority { try await common.value }

    private static let common = Task { try await TestAuthority() }

    /// A certificate for this host: by name and by both of its addresses.
    public func issueForThisHost() async throws -> TestIdentity {
        try await issue("this host", names: ["DNS:localhost", "IP:127.0.0.1", "IP:::1"])
    }

    /// Signs a certificate. Names are as OpenSSL takes them: `DNS:redis.example`, `IP:::1`.
    public func issue(
        _ subject: String,
        names: [String] = [],
        valid: Validity = .now,
        passphrase: String? = nil
    ) async throws -> TestIdentity {
        let place = home.file(UUID().uuidString)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let identity = TestIdentity(certificate: place + "/certificate.pem", key: place + "/key.pem")
        let request = place + "/request.pem"
        // A pass phrase in a file, since arguments are public also in tests.
        try Data((passphrase ?? "").utf8).write(to: URL(fileURLWithPath: place + "/passphrase"))
        try await Self.openssl(
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=\(subject)"]
                + (passphrase == nil ? ["-nodes"] : ["-passout", "file:\(place)/passphrase"])
                + ["-keyout", identity.key, "-out", request]
        )
        let alternatives = names.isEmpty ? "" : "subjectAltName = \(names.joined(separator: ", "))"
        // `openssl x509` of version 3.0 cannot date a certificate back; `openssl ca` can.
        let configuration = """
            [ca]
            default_ca = this
            [this]
            database = \(place)/index
            rand_serial = yes
            default_md = sha256
            policy = any
            x509_extensions = extensions
            [any]
            commonName = supplied
            [extensions]
            basicConstraints = CA:FALSE
            \(alternatives)
            """
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: place + "/ca.cnf"))
        try Data().write(to: URL(fileURLWithPath: place + "/index"))
        try await Self.openssl(
            ["ca", "-batch", "-config", place + "/ca.cnf", "-cert", own.certificate, "-keyfile", own.key]
                + ["-in", request, "-out", identity.certificate, "-outdir", place, "-notext"] + valid.options
        )
        return identity
    }

    /// A certificate that nobody but itself has signed, for this host.
    public func issueSelfSigned() async throws -> TestIdentity {
        let name = UUID().uuidString
        let identity = TestIdentity(certificate: home.file(name + ".pem"), key: home.file(name + ".key"))
        try await Self.openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
                + ["-subj", "/CN=alone", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
                + ["-keyout", identity.key, "-out", identity.certificate]
        )
        return identity
    }

    private static func openssl(_ arguments: [String]) async throws {
        let result = try await ProcessRunner.run("openssl", arguments)
        guard result.exitStatus == 0 else {
            throw TestSupportError("openssl \(arguments.joined(separator: " ")): \(result)")
        }
    }
}

extension TestAuthority.Validity {
    fileprivate var options: [String] {
        switch self {
        case .now: ["-days", "30"]
        case .past: ["-startdate", "20200101000000Z", "-enddate", "20200131000000Z"]
        case .future: ["-startdate", "20990101000000Z", "-enddate", "20990131000000Z"]
        }
    }
}
