import RedisClient

extension ValueParser where Value == String {
    /// A name or an address without a port; brackets around IPv6 may be there.
    static var host: Self {
        Self("a host name or an address") { text throws(ValueFault) in
            let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
            guard !bare.isEmpty else { throw ValueFault("is empty") }
            guard !bare.contains("://") else {
                throw ValueFault("is a URL", remedy: "put a URL of the server into redis.url, or give its host alone")
            }
            guard bare.utf8.count <= 255 else { throw ValueFault("is longer than a host name can be") }
            guard bare.utf8.allSatisfy(isHostByte) else {
                throw ValueFault("has a character that no host name has")
            }
            guard bare.utf8.count(where: { $0 == UInt8(ascii: ":") }) != 1 else {
                throw ValueFault("names a port", remedy: "put the port into redis.port")
            }
            // What proves certificates takes a dot before a name for any name that ends so.
            guard !bare.hasPrefix("."), !bare.hasPrefix("-"), !bare.contains("..") else {
                throw ValueFault("has a part without a name, or begins with a hyphen")
            }
            return bare
        }
    }
}

extension ValueParser where Value == [Settings.Endpoint] {
    /// Hosts and ports, set off by commas; no text means no endpoints.
    static func endpoints(defaultPort: Int) -> Self {
        Self("host:port,host:port,…, or a list of them") { text throws(ValueFault) in
            var endpoints: [Settings.Endpoint] = []
            for part in text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
                endpoints.append(try endpoint(part.drop { $0 == " " }, defaultPort: defaultPort))
            }
            return endpoints
        }
    }
}

extension ValueParser where Value == [PeerTrust.Rule] {
    /// Hosts, suffixes of hosts and networks, set off by commas; no text means none.
    static var peers: Self {
        Self("names, addresses, suffixes such as .redis.example, or networks such as 10.0.0.0/8") {
            text throws(ValueFault) in
            var rules: [PeerTrust.Rule] = []
            for part in text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let rule = PeerTrust.Rule(String(part.drop { $0 == " " })) else {
                    throw ValueFault("has a part that is neither a host nor a network")
                }
                rules.append(rule)
            }
            return rules
        }
    }
}

/// A host, and a port unless it is the default one; IPv6 needs brackets, as its colons would be taken for the port's.
func endpoint(_ text: some StringProtocol, defaultPort: Int) throws(ValueFault) -> Settings.Endpoint {
    var host = String(text)
    var port = defaultPort
    let end = host.lastIndex(of: "]") ?? host.startIndex
    if let colon = host[end...].lastIndex(of: ":") {
        guard let number = try? wholeNumber(host[host.index(after: colon)...]), 1...65_535 ~= number else {
            throw ValueFault("has a port that is not a number from 1 to 65535")
        }
        port = number
        host = String(host[..<colon])
    }
    guard host.hasPrefix("[") || !host.contains(":") else {
        throw ValueFault("has an IPv6 address without brackets")
    }
    do {
        return Settings.Endpoint(host: try ValueParser.host.parse(host), port: port)
    } catch {
        throw ValueFault("has a host that \(error.reason)")
    }
}

/// What names, addresses and zones of addresses are made of; the underscore because container networks use it.
private func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%"): true
    default: byte >= 0x80
    }
}
