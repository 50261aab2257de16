import Testing

@testable import RedisClient

@Suite("A reply")
struct ReplyTests {
    private func parse(_ text: String) throws -> Reply {
        let parser = try ReplyParser(limits: ReplyLimits())
        try Bytes(text).withUnsafeBytes { try parser.feed($0) }
        let replies = parser.take()
        try #require(replies.count == 1)
        return replies[0]
    }

    @Test("says the same as another that is the same element for element, wherever both stand")
    func sameContent() throws {
        let texts = [
            "*2\r\n$1\r\na\r\n$2\r\nbc\r\n", "*2\r\n$2\r\nab\r\n$1\r\nc\r\n", "*2\r\n$1\r\na\r\n$2\r\nbd\r\n",
            "*2\r\n$1\r\na\r\n+bc\r\n", "*3\r\n$1\r\na\r\n$2\r\nbc\r\n$0\r\n\r\n",
            "*2\r\n$1\r\na\r\n*1\r\n$2\r\nbc\r\n",
            "*0\r\n", "*-1\r\n", "$0\r\n\r\n", ":1\r\n", ":2\r\n",
        ]
        let parser = try ReplyParser(limits: ReplyLimits())
        // Behind one another, so that none begins where its like does.
        try Bytes((texts + texts).joined()).withUnsafeBytes { try parser.feed($0) }
        let replies = parser.take()
        for (one, first) in texts.enumerated() {
            for (two, second) in texts.enumerated() {
                let isSame = replies[one].hasContent(of: replies[texts.count + two])
                #expect(isSame == (one == two), "\(first) \(second)")
            }
            #expect(try parse(first).hasContent(of: replies[one]))
        }
    }

    @Test("is compared with words of commands")
    func words() throws {
        #expect(try parse("+hash\r\n").equals("hash"))
        #expect(try !parse("+hash\r\n").equals("has") && !parse("+has\r\n").equals("hash"))
        #expect(try !parse(":1\r\n").equals("1"))
    }

    @Test("has the kind and the content that its bytes say")
    func kinds() throws {
        let string = try parse("$5\r\nhello\r\n")
        #expect(string.kind == .string)
        #expect(string.text == "hello")
        #expect(string.bytes == Bytes("hello"))
        #expect(string.equals(Bytes("hello")))
        #expect(!string.equals(Bytes("hello!")))
        #expect(string.withBytes { Array($0) } == Bytes("hello"))
        #expect(string.integer == nil)
        #expect(string.error == nil)

        let status = try parse("+OK\r\n")
        #expect(status.kind == .status)
        #expect(status.text == "OK")
        #expect(status.equals(Bytes("OK")))

        let number = try parse(":42\r\n")
        #expect(number.kind == .integer)
        #expect(number.integer == 42)
        #expect(number.text == nil)
        #expect(number.bytes == nil)
        #expect(!number.equals(Bytes("42")))
        #expect(number.withBytes { $0.count } == nil)
    }

    @Test("keeps the least and the greatest integer")
    func extremes() throws {
        #expect(try parse(":-9223372036854775808\r\n").integer == .min)
        #expect(try parse(":9223372036854775807\r\n").integer == .max)
        #expect(try parse(":-1\r\n").integer == -1)
    }

    @Test("tells null, the empty string and the empty array apart")
    func nothing() throws {
        for text in ["$-1\r\n", "*-1\r\n"] {
            let null = try parse(text)
            #expect(null.isNull)
            #expect(null.bytes == nil)
            #expect(null.count == 0)
        }
        let string = try parse("$0\r\n\r\n")
        #expect(!string.isNull)
        #expect(string.bytes == [])
        #expect(string.text == "")
        #expect(string.equals([]))
        #expect(string.withBytes { $0.count } == 0)
        let array = try parse("*0\r\n")
        #expect(!array.isNull)
        #expect(array.kind == .array)
        #expect(array.count == 0)
        #expect(Array(array.elements).isEmpty)
    }

    @Test("keeps any bytes, and repairs them only as text")
    func anyBytes() throws {
        let parser = try ReplyParser(limits: ReplyLimits())
        let odd: Bytes = [0, 13, 10, 0xFF, 36]
        try Value.string(odd).encoded.withUnsafeBytes { try parser.feed($0) }
        let reply = parser.take()[0]
        #expect(reply.bytes == odd)
        #expect(reply.text == "\0\r\n\u{FFFD}$")
    }

    @Test("iterates over siblings, however deep the elements before them are")
    func siblings() throws {
        let value = Value.array([
            .array([.array([.string(Bytes("a")), .array([])]), .integer(1)]),
            .null,
            .array([]),
            .array([.array([.array([.array([.integer(2)])])])]),
            .string([]),
            .status("last"),
        ])
        let reply = try parse(String(decoding: value.encoded, as: UTF8.self))
        #expect(Value(reply) == value)
        #expect(reply.count == 6)
        #expect(reply.elements.map(\.kind) == [.array, .null, .array, .array, .string, .status])
        #expect(reply.elements.underestimatedCount == 6)
    }

    @Test("shows the errors inside the array of an EXEC, but is none itself")
    func innerErrors() throws {
        let reply = try parse("*3\r\n+OK\r\n-WRONGTYPE Operation against a key\r\n:1\r\n")
        #expect(reply.error == nil)
        _ = try reply.unlessError()
        let errors = reply.elements.compactMap(\.error)
        #expect(errors.count == 1)
        #expect(errors.first?.serverCode == "WRONGTYPE")
    }

    @Test("throws the error that it is")
    func throwsItself() throws {
        let reply = try parse("-NOAUTH Authentication required.\r\n")
        #expect(reply.kind == .error)
        #expect(reply.text == "NOAUTH Authentication required.")
        #expect(reply.bytes == nil)
        #expect(!reply.equals(Bytes("NOAUTH Authentication required.")))
        let error = #expect(throws: RedisError.self) { try reply.unlessError() }
        #expect(error?.code == .server)
        #expect(error?.serverCode == "NOAUTH")
        #expect(error?.outcome == .notExecuted)
    }

    @Test("is one of a collection in the order of the commands, which knows its first error")
    func collection() throws {
        let parser = try ReplyParser(limits: ReplyLimits())
        try Bytes("+a\r\n*2\r\n:1\r\n:2\r\n-ERR first\r\n-OOM second\r\n:3\r\n").withUnsafeBytes { try parser.feed($0) }
        #expect(parser.count == 5)
        let replies = parser.take()
        #expect(replies.map { Value($0) }.last == .integer(3))
        #expect(replies.firstError?.message == "ERR first")
        #expect(throws: RedisError.self) { try replies.unlessError() }
        #expect(replies[3...].first?.error?.serverCode == "OOM")
        #expect(parser.count == 0)
        #expect(parser.take().isEmpty)
    }
}
