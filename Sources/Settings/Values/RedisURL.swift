/// A Redis URL taken apart: `redis://user:password@host:port/db`, `rediss://…`, `unix://user:password@/path?db=1`.
///
/// The parts are the keys that the URL stands for; a part that it does not name is nil, so that other layers may.
/// User, password and host may be percent-encoded; brackets go around IPv6 addresses. The forms are those of the
/// registrations of `redis` and `rediss` with IANA. `user@host` is refused: clients disagree whether that is a user
/// or a password.
struct RedisURL: Equatable {
    enum Place: Equatable {
        case server(Settings.Endpoint)
        case socket(String)
    }

    var place: Place
    var encrypted = false
    var username: String?
    var password: String?
    var database: Int?

    init(_ text: String) throws(ValueFault) {
        guard let separator = text.firstRange(of: "://") else { throw ValueFault("has no scheme") }
        let scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        guard !rest.contains("#") else {
            throw ValueFault("has a fragment", remedy: "write # in a password as %23")
        }
        let beforeQuery = rest.prefix { $0 != "?" }
        let query = rest.dropFirst(beforeQuery.count + 1)
        let authority = beforeQuery.prefix { $0 != "/" }
        let path = beforeQuery[authority.endIndex...]
        let at = authority.lastIndex(of: "@")
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority

        switch scheme {
        case "redis", "rediss":
            place = .server(try Self.server(hostAndPort))
            encrypted = scheme == "rediss"
            database = try Self.database(path: path, query: query)
        case "unix":
            guard hostAndPort.isEmpty else {
                throw ValueFault("names a host beside its socket", remedy: "write unix:///path/of/the/socket")
            }
            place = .socket(try ValueParser.socketPath.parse(try Self.decoded(path)))
            database = try Self.database(path: "", query: query)
        default:
            throw RedisURLHint.fault(scheme: scheme)
        }
        if let at { (username, password) = try Self.login(authority[..<at]) }
    }

    private static func server(_ text: Substring) throws(ValueFault) -> Settings.Endpoint {
        guard !text.isEmpty else { throw ValueFault("names no host") }
        do {
            return try endpoint(try decoded(text), defaultPort: 6_379)
        } catch {
            throw ValueFault(error.reason, remedy: "check it, and write / ? # @ in a password percent-encoded")
        }
    }

    private static func login(_ text: Substring) throws(ValueFault) -> (String?, String?) {
        guard let colon = text.firstIndex(of: ":") else {
            throw ValueFault("has no colon before its @", remedy: "write user:password@ or :password@")
        }
        let username = try decoded(text[..<colon])
        let password = try decoded(text[text.index(after: colon)...])
        return (username.isEmpty ? nil : username, password.isEmpty ? nil : password)
    }

    private static func database(path: Substring, query: Substring) throws(ValueFault) -> Int? {
        var texts: [Substring] = []
        let inPath = path.drop { $0 == "/" }
        if !inPath.isEmpty { texts.append(inPath) }
        for item in query.split(separator: "&") {
            guard item.hasPrefix("db=") else { throw RedisURLHint.fault(parameter: item) }
            texts.append(item.dropFirst(3))
        }
        guard texts.count <= 1 else { throw ValueFault("names its database twice") }
        guard let text = texts.first else { return nil }
        guard let number = try? wholeNumber(text), number <= maximumDatabase else {
            throw ValueFault("has a database that is not a whole number")
        }
        return number
    }

    /// Percent-encoding undone. A control character or bytes that are not UTF-8 are refused here, where they are
    /// hidden from the check that every text gets.
    private static func decoded(_ text: Substring) throws(ValueFault) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(Substring(digits), radix: 16), digits.first != UInt8(ascii: "+")
            else {
                throw ValueFault("has a % without two hexadecimal digits", remedy: "write % itself as %25")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let result = String(validating: bytes, as: UTF8.self), !hasControlCharacter(result) else {
            throw ValueFault("has percent-encoded bytes that are no text")
        }
        return result
    }
}

/// The greatest database number that Redis can hold.
let maximumDatabase = 2_147_483_646

/// Whether a text holds what cannot be typed: NUL, a line end, an escape.
func hasControlCharacter(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
}

extension ValueParser where Value == RedisURL {
    /// A Redis URL.
    static var redisURL: Self {
        Self("redis://, rediss:// or unix://") { text throws(ValueFault) in try RedisURL(text) }
    }
}
