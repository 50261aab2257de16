/// How a connection is encrypted, and which proof each side gives of who it is.
///
/// Copies share what was built from the files, so that a hundred connections read and check them once. The files are
/// read again after a failure in which they may have had a part: rotated certificates need no restart.
public struct TLSOptions: Sendable {
    /// A PEM file of the authorities to trust, or a directory as `openssl rehash` makes it; nil for the system's.
    public let authorities: String?
    /// A PEM file with the client's certificate and its chain; nil for none.
    public let certificate: String?
    /// A PEM file with the certificate's private key; nil for none.
    public let key: String?
    /// A file with the key's pass phrase; nil where the key has none. Read when needed, and not kept.
    public let passphraseFile: String?
    /// The name that the server's certificate must bear, a host name or an address; nil for the host connected to.
    public let serverName: String?
    /// Whether the server must prove who it is. Without that anybody in between can read and change everything.
    public let verifies: Bool

    private let kept = KeptContext()

    /// Options with their defaults: the system's authorities, no client certificate, everything verified.
    public init(
        authorities: String? = nil,
        certificate: String? = nil,
        key: String? = nil,
        passphraseFile: String? = nil,
        serverName: String? = nil,
        verifies: Bool = true
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.passphraseFile = passphraseFile
        self.serverName = serverName
        self.verifies = verifies
    }

    /// Reads the files now, so that what is wrong with them shows before a connection is needed.
    ///
    /// Errors: `misconfigured`, naming the file.
    public func check() throws {
        _ = try context()
    }

    /// What the files hold, as OpenSSL takes it.
    func context() throws -> TLSContext {
        try kept.context { try TLSContext(self) }
    }

    /// Makes the next connection read the files again.
    func readFilesAgain() {
        kept.forget()
    }
}
