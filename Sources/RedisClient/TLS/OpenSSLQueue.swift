import COpenSSL

/// OpenSSL's list of what went wrong on this thread.
enum OpenSSLQueue {
    /// Forgets what earlier calls left, or the next failure would be taken for theirs.
    static func clear() {
        ERR_clear_error()
    }

    /// The reasons, the oldest first; the list is empty afterwards.
    static func take() -> [Reason] {
        var reasons: [Reason] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return reasons }
            reasons.append(Reason(code: code))
        }
    }

    /// One entry.
    struct Reason: Equatable {
        /// The number, of which `number` is the part that says why.
        let code: UInt

        /// Why, one of the SSL_R_ constants if it is libssl's.
        var number: Int32 { ERR_GET_REASON(code) }

        /// Whether it is libssl's, and not that of another part of OpenSSL.
        var isTLS: Bool { ERR_GET_LIB(code) == ERR_LIB_SSL }

        /// OpenSSL's words; libssl has none before its first use.
        var text: String {
            OPENSSL_init_ssl(UInt64(OPENSSL_INIT_LOAD_SSL_STRINGS), nil)
            return ERR_reason_error_string(code).map { String(cString: $0) } ?? "OpenSSL error \(code)"
        }

        /// The alert that the peer sent, if that is what it was (RFC 8446, section 6).
        var alert: TLSAlert? {
            guard isTLS, 1000..<1256 ~= number else { return nil }
            return TLSAlert(number: number - 1000, text: text)
        }
    }
}

/// A peer's last word before it ends a TLS connection.
struct TLSAlert: Equatable {
    /// Its number in RFC 8446, section 6.2.
    let number: Int32
    /// OpenSSL's words for it.
    let text: String

    /// Whether it is about the certificate that we showed.
    var isAboutCertificate: Bool {
        // no_certificate, bad, unsupported, revoked, expired and unknown certificate, unknown authority, access denied,
        // signature that does not fit.
        41...46 ~= number || [48, 49, 51].contains(number)
    }

    /// Whether it asks for the certificate that we did not show (TLS 1.3).
    var isDemandForCertificate: Bool { number == 116 }

    /// Whether it is about the version of TLS.
    var isAboutVersion: Bool { number == 70 }
}
