import COpenSSL
import Glibc

/// A TLS connection over a socket, with a server that has proven who it is.
final class TLSTransport: Transport, @unchecked Sendable {
    // Used by one connection, on its thread only; the last reference may go elsewhere.
    private let ssl: OpaquePointer
    private let wire: TLSWire
    private let notes = HandshakeNotes()
    // OpenSSL counts its references to the context itself.
    private let options: TLSOptions
    private let endpoint: Endpoint
    private let name: ExpectedName
    /// Whether the server has taken us in: in TLS 1.3 it may refuse our certificate after the handshake.
    private var hasReceived = false
    private var isWhole = false

    /// Most that one call writes, so that what comes in is read meanwhile.
    private static let mostWritten = 1 << 20

    /// Connects and shakes hands.
    ///
    /// Errors: those of `SocketTransport`; `untrusted`, `notYetValid`, `clientCertificate`, `encryption`,
    /// `misconfigured`, `timedOut` and `disconnected`; no command was sent.
    static func connect(to endpoint: Endpoint, options: TLSOptions, deadline: Deadline) throws -> TLSTransport {
        // First what needs no server: files that cannot be read should not cost a connection.
        let context = try options.context()
        let name = try expectedName(for: endpoint, options)
        let socket = try SocketTransport.connect(to: endpoint, deadline: deadline)
        let transport = try TLSTransport(TLSWire(socket), context, options, endpoint, name)
        try transport.shakeHands(by: deadline)
        return transport
    }

    private init(
        _ wire: TLSWire,
        _ context: TLSContext,
        _ options: TLSOptions,
        _ endpoint: Endpoint,
        _ name: ExpectedName
    ) throws {
        OpenSSLQueue.clear()
        guard let ssl = SSL_new(context.pointer) else {
            throw RedisError(.unreachable, "There is no memory for TLS.", outcome: .notExecuted)
        }
        self.ssl = ssl
        self.wire = wire
        self.options = options
        self.endpoint = endpoint
        self.name = name
        guard let bio = wire.makeBIO() else {
            throw RedisError(.unreachable, "There is no memory for TLS.", outcome: .notExecuted)
        }
        SSL_set_bio(ssl, bio, bio)
        notes.attach(to: ssl)
        try expect(name, verifies: options.verifies)
    }

    deinit {
        // A word of farewell, if it fits; nobody waits for the answer.
        if isWhole { SSL_shutdown(ssl) }
        SSL_free(ssl)
    }

    var descriptor: Int32 { wire.socket.descriptor }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> TransportResult {
        OpenSSLQueue.clear()
        var count = 0
        let status = SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
        guard status != 1 else {
            hasReceived = true
            return .moved(count)
        }
        return try result(of: status)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws -> TransportResult {
        OpenSSLQueue.clear()
        var written = 0
        // OpenSSL takes one record, of 16 KiB, a call.
        while written < min(bytes.count, Self.mostWritten) {
            var count = 0
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let status = SSL_write_ex(ssl, rest.baseAddress, rest.count, &count)
            guard status != 1 else {
                written += count
                continue
            }
            // What is wrong shows again at the next call.
            return written > 0 ? .moved(written) : try result(of: status)
        }
        return .moved(written)
    }

    private static func expectedName(for endpoint: Endpoint, _ options: TLSOptions) throws -> ExpectedName {
        if let name = options.serverName { return ExpectedName(name) }
        switch endpoint {
        case .tcp(let host, _): return ExpectedName(host)
        case .unix:
            throw RedisError(
                .misconfigured,
                "TLS on the socket \(endpoint) needs the server name to expect.",
                outcome: .notExecuted
            )
        }
    }

    private func expect(_ name: ExpectedName, verifies: Bool) throws {
        let parameters = SSL_get0_param(ssl)
        var isSet = true
        switch name {
        case .host(let host):
            // OpenSSL would take a name that begins with a dot for every name that ends so.
            isSet = !host.hasPrefix(".")
            if verifies, isSet {
                SSL_set_hostflags(
                    ssl,
                    // The names in its list are what a certificate is for (RFC 9525, section 2).
                    UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
                )
                isSet = SSL_set1_host(ssl, host) == 1
            }
            isSet = isSet && copenssl_set_server_name(ssl, host) == 1
        case .address(let address):
            if verifies { isSet = X509_VERIFY_PARAM_set1_ip_asc(parameters, address) == 1 }
        }
        guard isSet, !name.description.isEmpty else {
            throw RedisError(
                .misconfigured,
                "\(printable(name.description)) is no name that a certificate can bear.",
                outcome: .notExecuted
            )
        }
    }

    private func shakeHands(by deadline: Deadline) throws {
        // A Redis server without TLS takes our greeting for half a line, and waits for the rest of it.
        let suspicious = Deadline(after: deadline.left / 2)
        var hasProbed = false
        while true {
            OpenSSLQueue.clear()
            let status = SSL_connect(ssl)
            if status == 1 { break }
            let events: Int16
            switch SSL_get_error(ssl, status) {
            case SSL_ERROR_WANT_READ: events = Int16(POLLIN)
            case SSL_ERROR_WANT_WRITE: events = Int16(POLLOUT)
            default: throw failure(OpenSSLQueue.take())
            }
            if deadline.hasPassed { throw late }
            if wire.firstByte == nil, suspicious.hasPassed, !hasProbed {
                hasProbed = true
                let time = Deadline(after: deadline.left / 2)
                if PlaintextProbe.isAnswered(at: endpoint, by: time) { throw facts([]).noTLS }
            }
            let next = wire.firstByte == nil && !hasProbed ? suspicious : deadline
            var waiting = pollfd(fd: descriptor, events: events, revents: 0)
            guard poll(&waiting, 1, next.pollMilliseconds) >= 0 || errno == EINTR else {
                throw RedisError(.disconnected, "Waiting for \(endpoint) failed (\(errno)).", outcome: .notExecuted)
            }
        }
        isWhole = true
    }

    /// What a call of OpenSSL that moved nothing means.
    private func result(of status: Int32) throws -> TransportResult {
        switch SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL:
            isWhole = false
            if let failure = wire.failure { throw failure }
            return .closed
        default:
            isWhole = false
            throw failure(OpenSSLQueue.take())
        }
    }

    private func failure(_ reasons: [OpenSSLQueue.Reason]) -> any Error {
        if let failure = wire.failure { return failure }
        if hasReceived {
            let why = reasons.first?.text ?? "no reason is known"
            return RedisError(.disconnected, "The TLS connection to \(endpoint) broke: \(why).", outcome: .unknown)
        }
        let error = facts(reasons).error
        switch error.code {
        case .untrusted, .notYetValid, .clientCertificate: options.readFilesAgain()
        default: break
        }
        return error
    }

    private func facts(_ reasons: [OpenSSLQueue.Reason]) -> HandshakeFailure {
        HandshakeFailure(
            endpoint: endpoint,
            name: name,
            fault: options.verifies ? notes.fault : nil,
            wasAskedForCertificate: notes.wasAskedForCertificate,
            hasCertificate: options.certificate != nil,
            firstByte: wire.firstByte,
            hasEnded: wire.hasEnded,
            reasons: reasons
        )
    }

    private var late: RedisError {
        let hint = wire.firstByte == nil ? " Nothing came; is this its TLS port?" : ""
        return RedisError(
            .timedOut,
            "The TLS handshake with \(endpoint) did not end within the time allowed.\(hint)",
            outcome: .notExecuted
        )
    }
}
