import Testing

@testable import RedisClient

@Suite("The reply parser")
struct ReplyParserTests {
    private static let values: [Value] = [
        .status("OK"), .error("ERR no"), .integer(-12), .null, .string([]), .string(Bytes("a\r\nb")),
        .array([]), .array([.integer(1), .array([.null, .string(Bytes("xyz"))]), .status("")]),
        .array([.array([.array([.array([.array([.array([.array([.array([])])])])])])])]),
        .string(Bytes(repeating: 13, count: 40)),
    ]

    @Test("gives the same replies wherever the bytes are cut in two")
    func everyCut() throws {
        let bytes = Self.values.flatMap(\.encoded)
        for cut in 0...bytes.count {
            let parser = try ReplyParser(limits: ReplyLimits())
            try bytes[..<cut].withUnsafeBytes { try parser.feed($0) }
            try bytes[cut...].withUnsafeBytes { try parser.feed($0) }
            #expect(parser.isBetweenReplies)
            #expect(parser.take().map { Value($0) } == Self.values, "cut at \(cut)")
        }
    }

    @Test("gives the same replies in chunks of any size", arguments: 1...40)
    func everyChunkSize(_ size: Int) throws {
        let bytes = Self.values.flatMap(\.encoded)
        let parser = try ReplyParser(limits: ReplyLimits())
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { try parser.feed($0) }
        }
        #expect(parser.take().map { Value($0) } == Self.values)
    }

    @Test("knows after every byte how many replies are complete, and whether another has begun")
    func progress() throws {
        let parser = try ReplyParser(limits: ReplyLimits())
        var complete = 0
        #expect(parser.isBetweenReplies)
        for value in Self.values {
            let bytes = value.encoded
            for index in bytes.indices {
                #expect(parser.count == complete)
                #expect(parser.isBetweenReplies == (index == 0))
                try bytes[index...index].withUnsafeBytes { try parser.feed($0) }
            }
            complete += 1
            #expect(parser.count == complete)
        }
        #expect(parser.isBetweenReplies)
    }

    @Test("starts anew after every pipeline, its limits too")
    func reuse() throws {
        let parser = try ReplyParser(limits: ReplyLimits(bytes: 40, elements: 2))
        for _ in 0..<20 {
            try Bytes("*2\r\n$10\r\n0123456789\r\n:1\r\n").withUnsafeBytes { try parser.feed($0) }
            #expect(parser.take().map { Value($0) } == [.array([.string(Bytes("0123456789")), .integer(1)])])
        }
    }

    @Test("still works after a reply so big that its buffer is given back")
    func bigReply() throws {
        let parser = try ReplyParser(limits: ReplyLimits())
        let big = Bytes(repeating: 7, count: 2 << 20)
        for _ in 0..<3 {
            try Value.string(big).encoded.withUnsafeBytes { try parser.feed($0) }
            #expect(parser.take().map { $0.equals(big) } == [true])
            try Bytes("+small\r\n").withUnsafeBytes { try parser.feed($0) }
            #expect(parser.take().map { Value($0) } == [.status("small")])
        }
    }

    @Test("reads what a random server says, in random chunks")
    func randomValues() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("Seed of the random replies: \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let values = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Value.random(depth: 0, using: &generator)
            }
            let parser = try ReplyParser(limits: ReplyLimits())
            var rest = values.flatMap(\.encoded)[...]
            while !rest.isEmpty {
                let chunk = rest.prefix(Int.random(in: 1...30, using: &generator))
                try chunk.withUnsafeBytes { try parser.feed($0) }
                rest = rest.dropFirst(chunk.count)
            }
            try #require(parser.take().map { Value($0) } == values, "seed \(seed)")
        }
    }
}

extension Value {
    /// Any value, nested at most as deep as hiredis reads.
    static func random(depth: Int, using generator: inout SeededGenerator) -> Value {
        switch Int.random(in: 0..<(depth < 7 ? 7 : 5), using: &generator) {
        case 0: return .null
        case 1: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 2: return .status(["OK", "", "QUEUED"].randomElement(using: &generator) ?? "")
        case 3: return .error("ERR text")
        case 4:
            let count = Int.random(in: 0..<40, using: &generator)
            return .string((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        default:
            let count = Int.random(in: 0..<4, using: &generator)
            return .array((0..<count).map { _ in random(depth: depth + 1, using: &generator) })
        }
    }
}
