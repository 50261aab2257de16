import COpenSSL
import Testing

@testable import RedisClient

@Suite("A handshake that failed")
struct HandshakeFailureTests {
    private static func reason(_ number: Int32) -> OpenSSLQueue.Reason {
        // As OpenSSL packs them: the library above 23 bits of reason.
        OpenSSLQueue.Reason(code: UInt(ERR_LIB_SSL) << 23 | UInt(number))
    }

    private static let certificate = ServerCertificate(
        subject: "/CN=db",
        issuer: "/CN=Some CA",
        names: ["db.example", "::1"],
        begins: "2026-01-01 00:00:00 UTC",
        ends: "2026-02-01 00:00:00 UTC"
    )

    private static func facts(
        fault: Int32? = nil,
        alert: Int32? = nil,
        reason: Int32? = nil,
        wasAsked: Bool = false,
        hasCertificate: Bool = false,
        firstByte: UInt8? = 22,
        hasEnded: Bool = false
    ) -> HandshakeFailure {
        HandshakeFailure(
            endpoint: .tcp(host: "db", port: 6380),
            name: .host("db"),
            fault: fault.map { .init(code: $0, certificate: certificate) },
            wasAskedForCertificate: wasAsked,
            hasCertificate: hasCertificate,
            firstByte: firstByte,
            hasEnded: hasEnded,
            reasons: (alert.map { [Self.reason(1000 + $0)] } ?? []) + (reason.map { [Self.reason($0)] } ?? [])
        )
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var facts: HandshakeFailure
        var code: RedisError.Code
        var told: String
        var testDescription: String { "\(code): \(told)" }
    }

    private static let cases = [
        Case(
            facts: facts(fault: X509_V_ERR_HOSTNAME_MISMATCH),
            code: .untrusted,
            told: "is for db.example, ::1, not for db."
        ),
        Case(facts: facts(fault: X509_V_ERR_IP_ADDRESS_MISMATCH), code: .untrusted, told: "not for db."),
        Case(facts: facts(fault: X509_V_ERR_CERT_HAS_EXPIRED), code: .untrusted, told: "expired on 2026-02-01"),
        Case(facts: facts(fault: X509_V_ERR_CERT_NOT_YET_VALID), code: .notYetValid, told: "only from 2026-01-01"),
        Case(facts: facts(fault: X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT), code: .untrusted, told: "signed by itself"),
        Case(facts: facts(fault: X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN), code: .untrusted, told: "(/CN=Some CA)"),
        Case(
            facts: facts(fault: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
            code: .untrusted,
            told: "not trusted here"
        ),
        Case(facts: facts(fault: X509_V_ERR_INVALID_PURPOSE), code: .untrusted, told: "not one for servers"),
        Case(facts: facts(fault: X509_V_ERR_CERT_REVOKED), code: .untrusted, told: "certificate revoked"),
        Case(facts: facts(alert: 116), code: .clientCertificate, told: "wants a client certificate"),
        Case(facts: facts(alert: 40, wasAsked: true), code: .clientCertificate, told: "wants a client certificate"),
        Case(facts: facts(alert: 42, wasAsked: true), code: .clientCertificate, told: "wants a client certificate"),
        Case(
            facts: facts(alert: 48, wasAsked: true, hasCertificate: true),
            code: .clientCertificate,
            told: "refuses the client certificate (tlsv1 alert unknown ca)"
        ),
        Case(facts: facts(alert: 116, hasCertificate: true), code: .clientCertificate, told: "refuses the client"),
        Case(
            facts: facts(alert: 40, wasAsked: true, hasCertificate: true),
            code: .encryption,
            told: "handshake failure"
        ),
        Case(facts: facts(alert: 40), code: .encryption, told: "handshake failure"),
        Case(facts: facts(alert: 48), code: .encryption, told: "unknown ca"),
        Case(facts: facts(alert: 70), code: .encryption, told: "version 1.2 or newer"),
        Case(facts: facts(alert: 80), code: .disconnected, told: "internal error"),
        Case(facts: facts(reason: SSL_R_UNSUPPORTED_PROTOCOL), code: .encryption, told: "version 1.2 or newer"),
        Case(facts: facts(reason: SSL_R_NO_SHARED_CIPHER), code: .encryption, told: "no shared cipher"),
        Case(facts: facts(reason: SSL_R_WRONG_VERSION_NUMBER, firstByte: 45), code: .encryption, told: "not speak TLS"),
        Case(
            facts: facts(reason: SSL_R_UNEXPECTED_EOF_WHILE_READING, hasEnded: true),
            code: .disconnected,
            told: "hung up"
        ),
        Case(facts: facts(firstByte: nil, hasEnded: true), code: .disconnected, told: "hung up"),
    ]

    @Test("names the cause, and whether trying again helps", arguments: cases)
    func causes(_ example: Case) {
        let error = example.facts.error
        #expect(error.code == example.code, "\(error)")
        #expect(error.message.contains(example.told), "\(error)")
        #expect(error.outcome == .notExecuted)
        #expect(error.isRetryable == [.notYetValid, .disconnected].contains(error.code))
    }
}
