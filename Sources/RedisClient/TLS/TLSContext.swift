import COpenSSL
import Glibc

/// What connections with the same options share: authorities, certificate, key, and the rules.
///
/// OpenSSL allows many threads to make connections from one context.
final class TLSContext: @unchecked Sendable {
    /// OpenSSL's SSL_CTX.
    let pointer: OpaquePointer

    /// Reads the files.
    ///
    /// Errors: `misconfigured`, naming the file and what is wrong with it; never its content.
    init(_ options: TLSOptions) throws {
        OpenSSLQueue.clear()
        guard let pointer = SSL_CTX_new(TLS_client_method()) else {
            throw RedisError(.unreachable, "There is no memory for TLS.", outcome: .notExecuted)
        }
        self.pointer = pointer
        setRules(verifies: options.verifies)
        if options.verifies { try trust(options.authorities) }
        if let certificate = options.certificate, let key = options.key {
            try present(certificate, key: key, passphraseFile: options.passphraseFile)
        } else if options.certificate != nil || options.key != nil {
            throw Self.unusable("A client certificate needs its key, and a key its certificate; name both.")
        }
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    private func setRules(verifies: Bool) {
        _ = copenssl_set_least_version(pointer, TLS1_2_VERSION)
        // Part of a request may be sent, and the rest of it stands elsewhere in memory when it is tried again.
        copenssl_set_mode(pointer, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // The length of each reply is known: a stream that was cut short cannot be mistaken for a whole one, and many
        // servers end it without the proper word.
        SSL_CTX_set_options(pointer, copenssl_no_renegotiation() | copenssl_ignore_unexpected_end())
        // Connections live long; a session to resume is of no use.
        copenssl_set_session_cache(pointer, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_verify(pointer, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, HandshakeNotes.verified)
        SSL_CTX_set_cert_cb(pointer, HandshakeNotes.asked, nil)
        // A certificate that somebody has put among the authorities is trusted, also if it is no authority's.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    private func trust(_ path: String?) throws {
        guard let path else {
            SSL_CTX_set_default_verify_paths(pointer)
            return
        }
        if try Self.isDirectory(path, "CA file") {
            guard Self.hasHashedName(path) else {
                throw Self.unusable(
                    "The CA directory \(printable(path)) has no names by which OpenSSL finds certificates; "
                        + "run openssl rehash on it, or name a file."
                )
            }
            SSL_CTX_load_verify_dir(pointer, path)
        } else {
            try Self.open(path, "CA file")
            guard SSL_CTX_load_verify_file(pointer, path) == 1 else {
                throw Self.unusable("The CA file \(printable(path)) holds no certificate in PEM form.")
            }
        }
        OpenSSLQueue.clear()
    }

    private func present(_ certificate: String, key: String, passphraseFile: String?) throws {
        try Self.open(certificate, "client certificate")
        try Self.open(key, "client key")
        guard SSL_CTX_use_certificate_chain_file(pointer, certificate) == 1 else {
            throw Self.unusable("The file \(printable(certificate)) holds no client certificate in PEM form.")
        }
        OpenSSLQueue.clear()
        let passphrase = try passphraseFile.map { try Passphrase(file: $0) }
        let request = PassphraseRequest(passphrase)
        // Without a function of ours OpenSSL would ask at the terminal.
        SSL_CTX_set_default_passwd_cb(pointer, PassphraseRequest.answer)
        SSL_CTX_set_default_passwd_cb_userdata(pointer, Unmanaged.passUnretained(request).toOpaque())
        defer {
            SSL_CTX_set_default_passwd_cb_userdata(pointer, nil)
            OpenSSLQueue.clear()
        }
        let isTaken = withExtendedLifetime(request) { SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1 }
        guard isTaken else { throw Self.refusal(of: key, for: certificate, request, OpenSSLQueue.take()) }
    }

    private static func refusal(
        of key: String,
        for certificate: String,
        _ request: PassphraseRequest,
        _ reasons: [OpenSSLQueue.Reason]
    ) -> RedisError {
        let (key, certificate) = (printable(key), printable(certificate))
        if reasons.contains(where: { $0.isKeyMismatch }) {
            return unusable("The client key \(key) is not that of the certificate \(certificate).")
        }
        guard request.wasAsked else { return unusable("The file \(key) holds no private key in PEM form.") }
        return request.passphrase == nil
            ? unusable("The client key \(key) has a pass phrase; name the file that holds it.")
            : unusable("The pass phrase does not open the client key \(key).")
    }

    private static func isDirectory(_ path: String, _ what: String) throws -> Bool {
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw unreadable(path, what) }
        return facts.st_mode & S_IFMT == S_IFDIR
    }

    /// OpenSSL would not say why it cannot open a file.
    private static func open(_ path: String, _ what: String) throws {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw unreadable(path, what) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw unusable("The \(named(what, path)) is not a regular file.")
        }
    }

    /// Names such as `5ed36f99.0`, by which OpenSSL looks up an authority.
    private static func hasHashedName(_ path: String) -> Bool {
        guard let directory = opendir(path) else { return false }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            let isHash = name.prefix(8).allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
            if name.count >= 10, isHash, name[8] == UInt8(ascii: ".") { return true }
        }
        return false
    }

    private static func unreadable(_ path: String, _ what: String) -> RedisError {
        unusable("The \(named(what, path)) cannot be read: \(String(cString: strerror(errno))).")
    }

    /// A file, for a sentence about why it cannot be opened. What stands in the place of a path may be what belongs into
    /// the file: it is shown only if it can be meant as nothing else.
    private static func named(_ what: String, _ path: String) -> String {
        path.hasPrefix("/") ? "\(what) \(printable(path))" : "\(what) that is named"
    }

    private static func unusable(_ sentence: String) -> RedisError {
        RedisError(.misconfigured, sentence, outcome: .notExecuted)
    }
}

extension OpenSSLQueue.Reason {
    /// Whether a key was refused for not being that of the certificate.
    fileprivate var isKeyMismatch: Bool {
        ERR_GET_LIB(code) == ERR_LIB_X509
            && [X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH].contains(number)
    }
}
