import Glibc

/// A host that a peer names: a node of a cluster or a sentinel. It is connected to, shown, and perhaps trusted.
struct PeerHost: Sendable, Hashable {
    /// The name or the address, without brackets.
    let text: String

    /// The host in a text of a peer; nil for what is neither a name nor an address.
    init?(_ text: String) {
        guard (1...253).contains(text.utf8.count), text.utf8.allSatisfy(Self.isHostByte), text.utf8.first != 0x2D else {
            return nil
        }
        self.text = text
        if address == nil, !isName { return nil }
    }

    /// Of what is no address: it is none in another form either, such as 134744072 for 8.8.8.8, to which the resolver would lead
    /// past every rule about addresses; and it begins with no dot, which a certificate's check takes for any name that ends so.
    private var isName: Bool {
        var other = in_addr()
        guard !text.contains(":"), !text.contains("%"), inet_aton(text, &other) == 0 else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return (labels.last == "" ? labels.dropLast() : labels[...]).allSatisfy { !$0.isEmpty }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        case UInt8(ascii: ":"), UInt8(ascii: "%"): true
        default: false
        }
    }

    /// The bytes of an address, 4 or 16; nil for a name. An IPv4 address in IPv6's form is that IPv4 address.
    var address: [UInt8]? { Self.address(text) }

    static func address(_ text: some StringProtocol) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, String(text), &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var sixteen = in6_addr()
        let bare = text.prefix { $0 != "%" }
        guard inet_pton(AF_INET6, String(bare), &sixteen) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: sixteen) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}

/// Which hosts that a peer names may get the password.
///
/// Whoever answers for one node, or stands between, names any host he likes. Over TLS that proves itself the certificate
/// decides; without it these rules do.
public struct PeerTrust: Sendable, Hashable {
    /// One rule of the configuration.
    public enum Rule: Sendable, Hashable {
        /// This name or address, in small letters.
        case host(String)
        /// Every name that ends so: `.redis.example`.
        case suffix(String)
        /// Every address of a network: its first address, and how many bits count.
        case network([UInt8], bits: Int)

        /// The rule in a text: a name, an address, a suffix that begins with a dot, or `10.0.0.0/8`; nil for anything else.
        public init?(_ text: String) {
            let lower = text.lowercased()
            if let slash = lower.firstIndex(of: "/") {
                guard let address = PeerHost.address(lower[..<slash]),
                    let bits = Int(lower[lower.index(after: slash)...]),
                    (0...address.count * 8).contains(bits)
                else { return nil }
                self = .network(address, bits: bits)
                return
            }
            if lower.hasPrefix(".") {
                guard PeerHost(String(lower.dropFirst())) != nil else { return nil }
                self = .suffix(lower)
                return
            }
            guard PeerHost(lower) != nil else { return nil }
            self = .host(lower)
        }

        fileprivate func covers(_ host: PeerHost) -> Bool {
            switch self {
            case .host(let name):
                return host.text.lowercased() == name || host.address != nil && host.address == PeerHost.address(name)
            case .suffix(let suffix):
                return host.address == nil && host.text.lowercased().hasSuffix(suffix)
            case .network(let network, let bits):
                guard let address = host.address, address.count == network.count else { return false }
                return (0..<bits).allSatisfy { bit in
                    let mask: UInt8 = 0x80 >> UInt8(bit % 8)
                    return address[bit / 8] & mask == network[bit / 8] & mask
                }
            }
        }
    }

    /// The rules; none for those that hold by themselves.
    public var rules: [Rule]

    /// Trust by rules.
    public init(_ rules: [Rule] = []) {
        self.rules = rules
    }

    /// Whether a host that a peer names may get the password; `known` are the hosts of the configuration.
    ///
    /// Without rules these may: the known hosts themselves; addresses of loopback and of private networks, unless the known
    /// host is itself one of the other kind; names without a dot; and names of the domain that a known one is in.
    func allows(_ host: String, known: [String]) -> Bool {
        guard let host = PeerHost(host) else { return false }
        if known.contains(where: { Rule($0)?.covers(host) ?? false }) { return true }
        guard rules.isEmpty else { return rules.contains { $0.covers(host) } }
        if host.address != nil {
            let isLocal = Self.loopback.contains { $0.covers(host) }
            let isPrivate = Self.privateNetworks.contains { $0.covers(host) }
            guard isLocal || isPrivate else { return false }
            // A host on the network that sends its clients to their own loopback wants something else.
            return isPrivate || known.contains { Self.isLoopback($0) }
        }
        // A name of loopback wherever it is asked for.
        if host.text.lowercased() == "localhost" { return known.contains { Self.isLoopback($0) } }
        if !host.text.contains(".") { return true }
        return known.contains { name in
            guard PeerHost.address(name) == nil, let dot = name.firstIndex(of: ".") else { return false }
            let domain = name[dot...].lowercased()
            // The whole of a top-level domain is nobody's.
            return domain.dropFirst().contains(".") && host.text.lowercased().hasSuffix(domain)
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        guard let host = PeerHost(host) else { return false }
        return host.text.lowercased() == "localhost" || loopback.contains { $0.covers(host) }
    }

    private static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { Rule($0) }
    private static let privateNetworks = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10",
    ].compactMap { Rule($0) }
}

extension ConnectionOptions {
    /// The same options for a server that a peer has named.
    ///
    /// Errors: `misconfigured` where the password would go to a host that nobody has vouched for.
    func following(_ endpoint: Endpoint) throws -> ConnectionOptions {
        var options = self
        options.endpoint = endpoint
        options.role = sentinels == nil ? .namedByCluster : .namedBySentinels
        guard case .tcp(let host, _) = endpoint, try password.read()?.isEmpty == false, !(tls?.verifies ?? false),
            !peerTrust.allows(host, known: knownHosts)
        else { return options }
        throw RedisError(
            .misconfigured,
            "The password is not sent to \(endpoint), which another server named: it is neither in the network of the one that is "
                + "configured nor proven by TLS. If it is right, set redis.cluster-hosts.",
            outcome: .notExecuted
        )
    }

    /// The hosts that the configuration names.
    private var knownHosts: [String] {
        (sentinels?.addresses ?? [endpoint]).map { endpoint in
            guard case .tcp(let host, _) = endpoint else { return "localhost" }
            return host
        }
    }
}
