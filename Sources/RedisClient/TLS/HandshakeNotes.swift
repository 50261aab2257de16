import COpenSSL

/// What OpenSSL's callbacks see of one handshake, and keep to themselves when it fails.
final class HandshakeNotes {
    /// The first fault that was found in the server's chain of certificates.
    struct Fault: Equatable, Sendable {
        /// One of the X509_V_ERR_ constants.
        var code: Int32
        /// The certificate at fault: the server's own, or one that signed it.
        var certificate: ServerCertificate
    }

    /// What is wrong with the server's certificates; nil while nothing is.
    private(set) var fault: Fault?
    /// Whether the server asked for a certificate of ours.
    private(set) var wasAskedForCertificate = false

    /// Makes the callbacks of a connection write into these notes, which must outlive it.
    func attach(to ssl: OpaquePointer) {
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    private static func notes(of ssl: OpaquePointer?) -> HandshakeNotes? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<HandshakeNotes>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Called for each certificate of the chain; never changes the verdict.
    static let verified: SSL_verify_cb = { isRight, chain in
        guard isRight == 0, let chain,
            let ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let notes = notes(of: OpaquePointer(ssl)), notes.fault == nil,
            let certificate = X509_STORE_CTX_get_current_cert(chain)
        else { return isRight }
        notes.fault = Fault(
            code: X509_STORE_CTX_get_error(chain),
            certificate: ServerCertificate(certificate)
        )
        return isRight
    }

    /// Called when the server asks for a certificate, whether there is one or not.
    static let asked: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
        notes(of: ssl)?.wasAskedForCertificate = true
        return 1
    }
}
