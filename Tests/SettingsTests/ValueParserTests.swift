import Testing

@testable import Settings

@Suite("Reading values")
struct ValueParserTests {
    @Test(
        "durations have units",
        arguments: [
            ("30s", Duration.seconds(30)), ("2ms", .milliseconds(2)), ("10m", .seconds(600)), ("24h", .seconds(86_400)),
            ("1h30m", .seconds(5_400)), ("7d", .seconds(604_800)), ("0", .zero), ("0s", .zero),
            ("100us", .microseconds(100)),
            ("1d2h3m4s5ms6us", .seconds(93_784) + .microseconds(5_006)), ("90m", .seconds(5_400)),
        ]
    )
    func durations(text: String, duration: Duration) throws {
        #expect(try DurationText.parse(text) == duration)
        #expect(try DurationText.parse(DurationText.format(duration)) == duration)
    }

    @Test(
        "what is not quite a duration is refused and the fault says why",
        arguments: [
            ("", "is empty"), ("30", "has no unit"), ("00", "has no unit"), ("1h30", "has no unit"),
            ("30 s", "is not a duration"), (" 30s", "is not a duration"), ("-5s", "is not a duration"),
            ("s", "is not a duration"), ("abc", "is not a duration"), ("1.5h", "has a fraction"),
            ("1w", "has an unknown unit"), ("30S", "has an unknown unit"), ("30sec", "has an unknown unit"),
            ("30m1h", "out of order"), ("1s1s", "twice"), ("99999999999999999999s", "is out of range"),
            ("9223372036854775807d", "is out of range"), ("200000000d", "is out of range"), ("٣s", "is not a duration"),
        ]
    )
    func notDurations(text: String, reason: String) {
        #expect {
            _ = try DurationText.parse(text)
        } throws: { error in
            (error as? ValueFault)?.reason.contains(reason) == true
        }
    }

    @Test(
        "sizes are binary units or plain bytes",
        arguments: [
            ("64MiB", 67_108_864), ("512KiB", 524_288), ("1GiB", 1_073_741_824), ("4096", 4_096),
            ("1gib", 1_073_741_824),
        ]
    )
    func sizes(text: String, size: Int) throws {
        #expect(try ByteText.parse(text) == size)
        #expect(try ByteText.parse(ByteText.format(size)) == size)
    }

    @Test(
        "sizes that could mean two things, or nothing, are refused",
        arguments: ["", "64MB", "64M", "64 MiB", "MiB", "-1", "1.5GiB", "9999999999999GiB", "064", "0x40", "1TiB"]
    )
    func notSizes(text: String) {
        #expect(throws: ValueFault.self) { try ByteText.parse(text) }
    }

    @Test("booleans are read in any case, and nothing else is one")
    func booleans() throws {
        for text in ["true", "1", "yes", "on", "TRUE", "Yes", "oN"] {
            #expect(try ValueParser<Bool>.boolean.parse(text))
        }
        for text in ["false", "0", "no", "off", "FALSE", "No", "oFF"] {
            #expect(try !ValueParser<Bool>.boolean.parse(text))
        }
        for text in ["", "2", "t", "y", "enabled", " true", "true "] {
            #expect(throws: ValueFault.self) { try ValueParser<Bool>.boolean.parse(text) }
        }
    }

    @Test(
        "whole numbers are digits and nothing else",
        arguments: ["", "+5", "-5", "5 ", " 5", "5.0", "1e3", "0x10", "1_000", "007", "５", "99999999999999999999"]
    )
    func notIntegers(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser<Int>.integer(0...1_000).parse(text) }
    }

    @Test("the bounds of a range are in it, their neighbours are not")
    func bounds() throws {
        let port = ValueParser<Int>.integer(1...65_535)
        #expect(try port.parse("1") == 1)
        #expect(try port.parse("65535") == 65_535)
        #expect(throws: ValueFault("is out of range", remedy: "give a whole number from 1 to 65535")) {
            try port.parse("0")
        }
        #expect(throws: ValueFault.self) { try port.parse("65536") }
        let follow = ValueParser<Duration>.duration(.seconds(1)...(.seconds(60)), zero: "never")
        #expect(try follow.parse("0") == .zero)
        #expect(try follow.parse("1s") == .seconds(1))
        #expect(throws: ValueFault.self) { try follow.parse("999ms") }
        #expect(throws: ValueFault.self) { try follow.parse("61s") }
        let interval = ValueParser<Duration>.duration(.seconds(1)...(.seconds(60)))
        #expect(throws: ValueFault.self) { try interval.parse("0") }
    }

    @Test("a target is latest or a number")
    func targets() throws {
        #expect(try ValueParser<Settings.SchemaTarget?>.target.parse("latest") == .latest)
        #expect(try ValueParser<Settings.SchemaTarget?>.target.parse("0") == .version(0))
        #expect(try ValueParser<Settings.SchemaTarget?>.target.parse("12") == .version(12))
        for text in ["", "Latest", "v3", "-1", "3.0", "newest"] {
            #expect(throws: ValueFault.self) { try ValueParser<Settings.SchemaTarget?>.target.parse(text) }
        }
    }

    @Test(
        "hosts are names and addresses without a port",
        arguments: [
            ("localhost", "localhost"), ("db-1.example.org", "db-1.example.org"), ("10.0.0.1", "10.0.0.1"),
            ("::1", "::1"), ("[::1]", "::1"), ("fe80::1%eth0", "fe80::1%eth0"), ("redis_1", "redis_1"),
        ]
    )
    func hosts(text: String, host: String) throws {
        #expect(try ValueParser<String>.host.parse(text) == host)
    }

    @Test(
        "what is no host is refused",
        arguments: [
            "", "db:6379", "redis://db", "a b", "a/b", "user@db", "[]", "a,b", ".redis.example", "a..b", "..", "-x",
            "*.x",
        ]
    )
    func notHosts(text: String) {
        #expect(throws: ValueFault.self) { try ValueParser<String>.host.parse(text) }
    }

    @Test("sentinels are hosts with ports, and 26379 where none is given")
    func endpoints() throws {
        let parser = ValueParser<[Settings.Endpoint]>.endpoints(defaultPort: 26_379)
        #expect(
            try parser.parse("a:1,b, [::1]:3,[::2]") == [
                .init(host: "a", port: 1), .init(host: "b", port: 26_379), .init(host: "::1", port: 3),
                .init(host: "::2", port: 26_379),
            ]
        )
        for text in [",", "a,", "a:", "a:x", "a:0", "a:65536", "::1", "a b:1", "a:1:2"] {
            #expect(throws: ValueFault.self, "\(text)") { try parser.parse(text) }
        }
    }

    @Test("paths that the kernel would cut are refused")
    func paths() throws {
        let long = "/" + String(repeating: "a", count: 107)
        #expect(try ValueParser<String>.socketPath.parse(String(long.dropLast())).utf8.count == 107)
        #expect(throws: ValueFault.self) { try ValueParser<String>.socketPath.parse(long) }
        #expect(throws: ValueFault.self) { try ValueParser<String>.socketPath.parse("run/redis.sock") }
        #expect(throws: ValueFault.self) { try ValueParser<String>.path.parse(String(repeating: "a", count: 4_096)) }
    }

    @Test("a deployment id has nothing in it that moves a key's slot or matches other keys")
    func deploymentIDs() throws {
        for text in ["", "dp_1", "prod-eu.west", "prod:eu", "Größe"] {
            #expect(try ValueParser<String>.deploymentID.parse(text) == text)
        }
        for text in ["a b", "{a}", "a*", "a?", "[a]", "a\\b", String(repeating: "a", count: 129)] {
            #expect(throws: ValueFault.self) { try ValueParser<String>.deploymentID.parse(text) }
        }
    }
}
