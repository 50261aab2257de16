import COpenSSL
import Glibc

/// What a server's certificate says, as far as people need it to see what is wrong.
struct ServerCertificate: Equatable, Sendable {
    /// Whose it is, such as `/CN=redis.example`.
    var subject: String
    /// Who says so.
    var issuer: String
    /// The host names and addresses that it is for, 10 at most.
    var names: [String]
    /// From when it is valid, as `2026-01-31 12:00:00 UTC`.
    var begins: String
    /// Until when it is valid.
    var ends: String

    private static let mostNames = 10
}

extension ServerCertificate {
    /// Reads OpenSSL's X509. What it says is a stranger's word: printable, and of bounded length.
    init(_ certificate: OpaquePointer) {
        self.init(
            subject: Self.text(X509_get_subject_name(certificate)),
            issuer: Self.text(X509_get_issuer_name(certificate)),
            names: Self.names(certificate),
            begins: Self.time(X509_get0_notBefore(certificate)),
            ends: Self.time(X509_get0_notAfter(certificate))
        )
    }

    private static func text(_ name: OpaquePointer?) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard X509_NAME_oneline(name, &buffer, Int32(buffer.count)) != nil else { return "?" }
        return printable(String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    private static func names(_ certificate: OpaquePointer) -> [String] {
        guard let found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(found)
        defer { GENERAL_NAMES_free(list) }
        return (0..<copenssl_name_count(list)).lazy
            .compactMap { copenssl_name(list, $0).flatMap { text($0.pointee) } }
            .prefix(mostNames)
            .map { $0 }
    }

    private static func text(_ name: GENERAL_NAME) -> String? {
        switch name.type {
        case GEN_DNS: return printable(String(decoding: bytes(name.d.dNSName), as: UTF8.self), limit: 253)
        case GEN_IPADD: return address(bytes(name.d.iPAddress))
        default: return nil
        }
    }

    private static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return "?" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
    }
}
