import Testing

@testable import RedisClient

@Suite("Bytes that are no reply")
struct HostileBytesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var bytes: Bytes
        /// What the error's message must contain.
        var reason: String

        init(_ text: String, _ reason: String) {
            bytes = Bytes(text)
            self.reason = reason
        }

        var testDescription: String { String(decoding: bytes.prefix(40), as: UTF8.self).debugDescription }
    }

    private static let limits = ReplyLimits(bytes: 1 << 20, elements: 1000)

    private static let cases = [
        Case("*2147483647\r\n", "more than 1000 elements"),
        Case("*1001\r\n", "more than 1000 elements"),
        Case("*500\r\n*501\r\n", "more than 1000 elements"),
        Case("*2147483648\r\n", "length"),
        Case("*99999999999999999999999\r\n", "length"),
        Case("*-2\r\n", "length"),
        Case("*x\r\n", "length"),
        Case("$-2\r\n", "length"),
        Case("$x\r\n", "length"),
        Case("$1048576\r\n", "a bulk string of 1048576 bytes"),
        Case("*2\r\n$4\r\nabcd\r\n$1048570\r\n", "a bulk string of 1048570 bytes"),
        Case("$536870912\r\nabc", "a bulk string of 536870912 bytes"),
        Case("$9223372036854775807\r\nabc", "a bulk string of 9223372036854775807 bytes"),
        Case("$99999999999999999999999\r\n", "length"),
        Case(String(repeating: "*1\r\n", count: 9), "nested"),
        Case(String(repeating: "*1\r\n", count: 8) + "*0\r\n", "nested"),
        Case("$3\r\nabcXY", "does not end in CRLF"),
        Case("$3\r\nabc\rX", "does not end in CRLF"),
        Case("$3\r\nabcX\n", "does not end in CRLF"),
        Case("$3\r\nabcd\r\n", "does not end in CRLF"),
        Case("$0\r\nabcd", "does not end in CRLF"),
        Case(":1.5\r\n", "integer"),
        Case(":\r\n", "integer"),
        Case(":9223372036854775808\r\n", "integer"),
        Case(":-9223372036854775809\r\n", "integer"),
        Case("%1\r\n+a\r\n+b\r\n", "type byte"),
        Case("_\r\n", "type byte"),
        Case("#t\r\n", "type byte"),
        Case(",3.14\r\n", "type byte"),
        Case("~1\r\n:1\r\n", "type byte"),
        Case(">2\r\n+a\r\n+b\r\n", "type byte"),
        Case("=15\r\ntxt:Some string\r\n", "type byte"),
        Case("(3492890328409238509324850943850943825024385\r\n", "type byte"),
        Case("HTTP/1.1 400 Bad Request\r\n\r\n", "type byte"),
        Case("\u{15}\u{03}\u{01}\0\u{02}\u{02}\u{28}", "type byte"),
        Case("\0", "type byte"),
        Case("\r\n", "type byte"),
        Case("+" + String(repeating: "a", count: 70_000), "a line of more than"),
        Case("-" + String(repeating: "\r", count: 70_000), "a line of more than"),
        Case("$1\r" + String(repeating: "0", count: 70_000), "a line of more than"),
        Case("*" + String(repeating: "0", count: 70_000), "a line of more than"),
    ]

    @Test("are refused with a reason, whole or byte by byte", arguments: cases)
    func refused(_ example: Case) throws {
        for size in [example.bytes.count, example.bytes.count > 1000 ? 5000 : 1] {
            let parser = try ReplyParser(limits: Self.limits)
            let error = #expect(throws: RedisError.self) {
                var rest = example.bytes[...]
                while !rest.isEmpty {
                    try rest.prefix(size).withUnsafeBytes { try parser.feed($0) }
                    rest = rest.dropFirst(size)
                }
            }
            #expect(error?.code == .protocolViolation)
            #expect(error?.outcome == .unknown)
            #expect(error?.isRetryable == false)
            #expect(error?.message.contains(example.reason) == true, "\(error?.message ?? "")")
        }
    }

    @Test("are refused again after they were refused")
    func staysRefused() throws {
        let parser = try ReplyParser(limits: Self.limits)
        for text in ["$3\r\nabcXY", "+OK\r\n", "+OK\r\n"] {
            #expect(throws: RedisError.self) { try Bytes(text).withUnsafeBytes { try parser.feed($0) } }
        }
        #expect(parser.take().isEmpty)
    }

    @Test("as many as the limit allows are taken, and not one more")
    func exactLimit() throws {
        let fits = Value.string(Bytes(repeating: 1, count: (1 << 20) - 12)).encoded
        #expect(fits.count == Self.limits.bytes)
        let parser = try ReplyParser(limits: Self.limits)
        try fits.withUnsafeBytes { try parser.feed($0) }
        #expect(throws: RedisError.self) { try Bytes("+").withUnsafeBytes { try parser.feed($0) } }
        #expect(parser.take().count == 1)
        let many = try ReplyParser(limits: Self.limits)
        try Bytes("*1000\r\n" + String(repeating: ":1\r\n", count: 1000)).withUnsafeBytes { try many.feed($0) }
        #expect(many.take().first?.count == 1000)
    }

    @Test("without end are read up to the limit only")
    func endless() throws {
        let parser = try ReplyParser(limits: Self.limits)
        let chunk = Value.string(Bytes(repeating: 120, count: 1000)).encoded
        var fed = 0
        let error = #expect(throws: RedisError.self) {
            while fed < 100 << 20 {
                try chunk.withUnsafeBytes { try parser.feed($0) }
                fed += chunk.count
            }
        }
        #expect(fed > Self.limits.bytes - chunk.count && fed <= Self.limits.bytes)
        #expect(error?.message.contains("more than 1048576 bytes") == true)
    }

    @Test("made by chance from replies are either replies or refused, the same whole and in chunks")
    func fuzz() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("Seed of the mutated replies: \(seed)")
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<5000 {
            var bytes = (0..<3).flatMap { _ in Value.random(depth: 0, using: &generator).encoded }
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.mutate(&bytes, using: &generator) }
            let whole = try outcome(of: bytes, chunk: max(bytes.count, 1))
            let parts = try outcome(of: bytes, chunk: Int.random(in: 1...9, using: &generator))
            try #require(whole == parts, "seed \(seed), bytes \(bytes)")
            if whole == nil { refused += 1 }
        }
        // Else it would not have tried what it is for.
        #expect((500...4900).contains(refused))
    }

    /// The values that come before the first fault; nil when there is a fault.
    private func outcome(of bytes: Bytes, chunk: Int) throws -> [Value]? {
        let parser = try ReplyParser(limits: ReplyLimits(bytes: 10_000, elements: 100))
        var rest = bytes[...]
        do {
            while !rest.isEmpty {
                try rest.prefix(chunk).withUnsafeBytes { try parser.feed($0) }
                rest = rest.dropFirst(chunk)
            }
        } catch is RedisError {
            return nil
        }
        return parser.take().map { Value($0) }
    }

    private static func mutate(_ bytes: inout Bytes, using generator: inout SeededGenerator) {
        guard let index = bytes.indices.randomElement(using: &generator) else { return }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(Bytes("$*:+-0123456789\r\n").randomElement(using: &generator) ?? 0, at: index)
        case 3: bytes[index] = Bytes("$*:+-0123456789\r\n").randomElement(using: &generator) ?? 0
        default: bytes.removeSubrange(index...)
        }
    }
}
