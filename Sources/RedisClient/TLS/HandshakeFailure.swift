import COpenSSL

/// What is known of a handshake that did not come about; its error names the cause and the way out.
struct HandshakeFailure {
    /// Where the server is.
    var endpoint: Endpoint
    /// The name that its certificate must bear.
    var name: ExpectedName
    /// What is wrong with its certificates, if that was found out.
    var fault: HandshakeNotes.Fault?
    /// Whether it asked for a certificate of ours.
    var wasAskedForCertificate = false
    /// Whether we have one.
    var hasCertificate = false
    /// The first byte that it sent; nil if none came.
    var firstByte: UInt8?
    /// Whether it hung up.
    var hasEnded = false
    /// What OpenSSL says, the oldest first.
    var reasons: [OpenSSLQueue.Reason] = []

    /// The cause that the facts stand for, the most telling first.
    var error: RedisError {
        if let firstByte, !Self.recordTypes.contains(firstByte) { return noTLS }
        if let fault { return Self.untrusted(fault, endpoint: endpoint, name: name) }
        if let alert = reasons.lazy.compactMap(\.alert).first { return refused(alert) }
        if reasons.contains(where: { $0.isTLS && Self.oldVersions.contains($0.number) }) { return tooOld }
        if hasEnded || reasons.isEmpty {
            return failed(
                .disconnected,
                "\(endpoint) hung up during the TLS handshake; is this its TLS port, and is it free to take clients?"
            )
        }
        return failed(.encryption, "The TLS handshake with \(endpoint) failed: \(reasons[0].text).")
    }

    /// That what answers is not TLS.
    var noTLS: RedisError {
        failed(
            .encryption,
            "What answers at \(endpoint) does not speak TLS. Give the server's TLS port, or turn TLS off."
        )
    }

    /// Change of cipher, alert, handshake, data (RFC 8446, section 5.1).
    private static let recordTypes: ClosedRange<UInt8> = 20...23

    private static let oldVersions = [SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_WRONG_SSL_VERSION]

    private var tooOld: RedisError {
        failed(
            .encryption,
            "\(endpoint) speaks no TLS of version 1.2 or newer. Upgrade it, or allow that version there."
        )
    }

    private func refused(_ alert: TLSAlert) -> RedisError {
        let isAboutUs =
            alert.isDemandForCertificate || wasAskedForCertificate && (alert.isAboutCertificate || alert.number == 40)
        if isAboutUs, !hasCertificate {
            return failed(
                .clientCertificate,
                "\(endpoint) wants a client certificate, and none is set. Set a certificate and its key."
            )
        }
        if alert.isDemandForCertificate || isAboutUs, alert.number != 40 {
            return failed(
                .clientCertificate,
                "\(endpoint) refuses the client certificate (\(alert.text)). Give one that it trusts and that is valid."
            )
        }
        if alert.isAboutVersion { return tooOld }
        // internal_error and user_canceled are the server's own trouble, which may pass.
        let passes = [80, 90].contains(alert.number)
        return failed(passes ? .disconnected : .encryption, "\(endpoint) ended the TLS handshake: \(alert.text).")
    }

    private static func untrusted(_ fault: HandshakeNotes.Fault, endpoint: Endpoint, name: ExpectedName) -> RedisError {
        let certificate = fault.certificate
        let whose = "The certificate of \(endpoint) (\(certificate.subject))"
        let sentence: String
        switch fault.code {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = certificate.names
            let known = names.isEmpty ? "no host name (a subject's does not count)" : names.joined(separator: ", ")
            sentence =
                "The certificate of \(endpoint) is for \(known), not for \(name). "
                + (names.isEmpty ? "Have it issued" : "Connect by a name that it bears, have it issued")
                + " for \(name), or set the server name to expect."
        case X509_V_ERR_CERT_HAS_EXPIRED:
            sentence = "\(whose) has expired on \(certificate.ends). Renew it, or look at this host's clock."
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let message = "\(whose) is valid only from \(certificate.begins). Look at this host's clock."
            return RedisError(.notYetValid, message, outcome: .notExecuted)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            sentence = "\(whose) is signed by itself, and not among the CAs trusted here. Add it to the CA file."
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            sentence =
                "The CA that signed the certificate of \(endpoint) is not trusted here (\(certificate.issuer)). "
                + "Add its certificate to the CA file, or have the server send what lies between."
        case X509_V_ERR_INVALID_PURPOSE:
            sentence = "\(whose) is not one for servers."
        default:
            sentence = "\(whose) cannot be trusted: \(String(cString: X509_verify_cert_error_string(Int(fault.code))))."
        }
        return RedisError(.untrusted, sentence, outcome: .notExecuted)
    }

    private func failed(_ code: RedisError.Code, _ sentence: String) -> RedisError {
        RedisError(code, sentence, outcome: .notExecuted)
    }
}
