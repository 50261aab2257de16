import Testing

@testable import RedisClient

/// What a node or a sentinel may say of others, and whom it can make a client trust.
@Suite("Hosts that peers name")
struct PeerTests {
    @Test(
        "are names and addresses",
        arguments: [
            "a", "redis-1.example.com", "my_node", "10.0.0.1", "::1", "fe80::1%eth0", "2001:db8::5", "A.B", "a.b.",
            "4f5e1a2b3c4d",
        ]
    )
    func hosts(text: String) { #expect(PeerHost(text)?.text == text) }

    @Test(
        "are nothing else",
        arguments: [
            "", " ", "a b", "a\0b", "127.0.0.1\0\u{1B}[31mEVIL", "a\nb", "-oProxyCommand", "ä", "a/b", "a@b", "[::1]",
            "a:b",
            "134744072", "0x08080808", "8.526344", "010.0.0.1", "127.1", "0", ".", "..", ".redis.example", "a..b",
            "a%b",
            "1::2::3", "a\u{202E}", "user:pass", String(repeating: "a", count: 254),
        ]
    )
    func noHosts(text: String) { #expect(PeerHost(text) == nil) }

    struct Case: Sendable {
        var known: String
        var named: String
        var isAllowed: Bool
        var rules: [String] = []
    }

    @Test(
        "get the password where they are near the one that is configured, or where the rules say so",
        arguments: [
            Case(known: "10.0.0.1", named: "10.0.0.1", isAllowed: true),
            Case(known: "10.0.0.1", named: "10.9.9.9", isAllowed: true),
            Case(known: "redis.example.com", named: "192.168.3.4", isAllowed: true),
            Case(known: "10.0.0.1", named: "203.0.113.5", isAllowed: false),
            Case(known: "203.0.113.4", named: "203.0.113.5", isAllowed: false),
            Case(known: "203.0.113.4", named: "203.0.113.4", isAllowed: true),
            Case(known: "10.0.0.1", named: "127.0.0.1", isAllowed: false),
            Case(known: "localhost", named: "127.0.0.1", isAllowed: true),
            Case(known: "10.0.0.1", named: "localhost", isAllowed: false),
            Case(known: "127.0.0.1", named: "LocalHost", isAllowed: true),
            Case(known: "redis", named: "134744072", isAllowed: false),
            Case(known: "redis", named: "0x08080808", isAllowed: false),
            Case(known: "redis", named: "2130706433", isAllowed: false, rules: ["127.0.0.0/8"]),
            Case(known: "127.0.0.1", named: "127.0.0.9", isAllowed: true),
            Case(known: "::1", named: "127.0.0.1", isAllowed: true),
            Case(known: "10.0.0.1", named: "::ffff:203.0.113.5", isAllowed: false),
            Case(known: "10.0.0.1", named: "::ffff:10.0.0.2", isAllowed: true),
            Case(known: "fd00::1", named: "fd12::2", isAllowed: true),
            Case(known: "fd00::1", named: "2001:db8::2", isAllowed: false),
            Case(known: "redis", named: "redis-2", isAllowed: true),
            Case(known: "a.redis.example", named: "b.redis.example", isAllowed: true),
            Case(known: "a.redis.example", named: "x.b.redis.example", isAllowed: true),
            Case(known: "a.redis.example", named: "redis.example.evil", isAllowed: false),
            Case(known: "a.redis.example", named: "evilredis.example", isAllowed: false),
            Case(known: "redis.com", named: "evil.com", isAllowed: false),
            Case(known: "10.0.0.1", named: "evil.example", isAllowed: false),
            Case(known: "10.0.0.1", named: "10.0.0.2", isAllowed: false, rules: ["192.168.0.0/16"]),
            Case(known: "10.0.0.1", named: "10.0.0.1", isAllowed: true, rules: ["192.168.0.0/16"]),
            Case(known: "10.0.0.1", named: "192.168.7.7", isAllowed: true, rules: ["192.168.0.0/16"]),
            Case(known: "10.0.0.1", named: "192.169.7.7", isAllowed: false, rules: ["192.168.0.0/16"]),
            Case(known: "10.0.0.1", named: "203.0.113.77", isAllowed: true, rules: ["x", "203.0.113.64/26"]),
            Case(known: "10.0.0.1", named: "203.0.113.128", isAllowed: false, rules: ["203.0.113.64/26"]),
            Case(known: "10.0.0.1", named: "B.Nodes.example", isAllowed: true, rules: [".nodes.example"]),
            Case(known: "10.0.0.1", named: "nodes.example", isAllowed: false, rules: [".nodes.example"]),
            Case(known: "10.0.0.1", named: "redis-2", isAllowed: false, rules: [".nodes.example"]),
            Case(known: "10.0.0.1", named: "2001:DB8::2", isAllowed: true, rules: ["2001:db8::/32"]),
        ]
    )
    func trust(one: Case) throws {
        let rules = try one.rules.map { try #require(PeerTrust.Rule($0)) }
        #expect(PeerTrust(rules).allows(one.named, known: [one.known]) == one.isAllowed, "\(one)")
    }

    @Test(
        "are no rules where they are not to be read",
        arguments: ["", "10.0.0.0/33", "10.0.0.0/-1", "x/8", "/8", ".", "a b"]
    )
    func noRules(text: String) { #expect(PeerTrust.Rule(text) == nil) }

    @Test("get no password by options that follow them, unless TLS proves who they are or there is none")
    func following() throws {
        let evil = Endpoint.tcp(host: "203.0.113.5", port: 6379)
        var options = ConnectionOptions(endpoint: .tcp(host: "10.0.0.1", port: 6379), password: "secret")
        let error = #expect(throws: RedisError.self) { try options.following(evil) }
        #expect(error?.code == .misconfigured && error?.message.contains("203.0.113.5") == true)
        #expect(error?.message.contains("redis.cluster-hosts") == true && error?.message.contains("secret") == false)
        options.tls = TLSOptions()
        #expect(try options.following(evil).endpoint == evil)
        options.tls = TLSOptions(verifies: false)
        #expect(throws: RedisError.self) { try options.following(evil) }
        options.tls = nil
        options.password = SecretSource(nil)
        #expect(try options.following(evil).endpoint == evil)
        // What sentinels name is judged by where they are.
        options = ConnectionOptions(endpoint: .tcp(host: "localhost", port: 6379), password: "secret")
        options.sentinels = Sentinels([.tcp(host: "10.0.0.5", port: 26379)], master: "m")
        #expect(throws: RedisError.self) { try options.following(.tcp(host: "127.0.0.1", port: 6379)) }
        #expect(throws: Never.self) { try options.following(.tcp(host: "10.0.0.9", port: 6379)) }
    }
}

@Suite("The map of a cluster")
struct SlotMapTests {
    private static let asked = Endpoint.tcp(host: "10.0.0.1", port: 7000)

    private static func map(_ ranges: [(first: Int, last: Int, host: String, port: Int, id: String)]) throws -> SlotMap
    {
        var wire = "*\(ranges.count)\r\n"
        for range in ranges {
            wire += "*3\r\n:\(range.first)\r\n:\(range.last)\r\n*3\r\n$\(range.host.utf8.count)\r\n\(range.host)\r\n"
            wire += ":\(range.port)\r\n$\(range.id.utf8.count)\r\n\(range.id)\r\n"
        }
        let parser = try ReplyParser(limits: ReplyLimits())
        try Bytes(wire).withUnsafeBytes(parser.feed)
        return try SlotMap(parser.take()[0], askedAt: asked)
    }

    @Test("names each slot's master; one without a name is where the answer came from")
    func honest() throws {
        let map = try Self.map([(0, 8191, "", 7000, "a"), (8192, 16_383, "10.0.0.2", 7001, "b")])
        #expect(map.uncovered == 0 && map.nodes.map(\.id) == ["a", "b"])
        #expect(map.owner(of: Slot(0))?.endpoint == Self.asked)
    }

    @Test("is none with a slot that has two masters, a host that is none, or a port that is none")
    func hostile() {
        #expect(throws: RedisError.self) { try Self.map([(0, 5, "h", 1, "a"), (5, 9, "h", 2, "b")]) }
        for host in ["127.0.0.1\0\u{1B}[31mEVIL", "a b", "-x", "\u{202E}"] {
            #expect(throws: RedisError.self) { try Self.map([(0, 5, host, 1, "a")]) }
        }
        for port in [0, -1, 65_536, .max] {
            #expect(throws: RedisError.self) { try Self.map([(0, 5, "h", port, "a")]) }
        }
        for range in [(-1, 5), (5, 4), (0, 16_384), (.max, .max)] {
            #expect(throws: RedisError.self) { try Self.map([(range.0, range.1, "h", 1, "a")]) }
        }
    }

    @Test("has at most a thousand masters, and refuses more at once")
    func many() throws {
        #expect(try Self.map((0..<1000).map { ($0, $0, "h", 1, "id\($0)") }).nodes.count == 1000)
        #expect(throws: RedisError.self) { try Self.map((0..<1001).map { ($0, $0, "h", 1, "id\($0)") }) }
        let began = ContinuousClock.now
        #expect(throws: RedisError.self) { try Self.map((0..<400_000).map { (0, 16_383, "h", 1, "id\($0)") }) }
        #expect(began.duration(to: .now) < .seconds(5))
    }

    @Test("ASK leads to a host that is one, at a port that is one")
    func asks() {
        func redirection(_ text: String) -> Redirection? {
            Redirection(RedisError(serverReply: text), askedAt: Self.asked)
        }
        #expect(redirection("ASK 5 10.0.0.2:7001") == .ask(.tcp(host: "10.0.0.2", port: 7001)))
        #expect(redirection("ASK 5 :7001") == .ask(.tcp(host: "10.0.0.1", port: 7001)))
        #expect(redirection("ASK 5 ::1:7001") == .ask(.tcp(host: "::1", port: 7001)))
        for text in [
            "ASK 5 a@b:7001", "ASK 5 x\u{1B}[31m:7001", "ASK 5 h:0", "ASK 5 h:65536", "ASK 5 h:+1", "ASK 5 h:",
        ] {
            #expect(redirection(text) == nil, "\(text)")
        }
    }
}
