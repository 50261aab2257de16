import Glibc

/// The name that a server's certificate must bear.
enum ExpectedName: Equatable, CustomStringConvertible {
    /// A host's name, sent to the server as well, so that it can choose among several certificates (SNI).
    case host(String)
    /// An IPv4 or IPv6 address. SNI has no place for one (RFC 6066, section 3).
    case address(String)

    /// Tells addresses from names; brackets, a zone and a dot at the end are no part of what a certificate says.
    init(_ text: String) {
        var bare = text[...]
        if bare.hasPrefix("["), bare.hasSuffix("]") { bare = bare.dropFirst().dropLast() }
        let withoutZone = bare.prefix { $0 != "%" }
        if Self.isAddress(String(withoutZone)) {
            self = .address(String(withoutZone))
        } else {
            self = .host(String(bare.hasSuffix(".") ? bare.dropLast() : bare))
        }
    }

    /// The name itself.
    var description: String {
        switch self {
        case .host(let text), .address(let text): text
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        var buffer = in6_addr()
        return [AF_INET, AF_INET6].contains { inet_pton($0, text, &buffer) == 1 }
    }
}
