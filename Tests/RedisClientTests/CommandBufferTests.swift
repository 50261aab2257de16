import RedisClient
import Testing

@testable import RedisClient

@Suite("A command buffer")
struct CommandBufferTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var arguments: [Bytes]
        var encoded: String
        var testDescription: String { encoded.debugDescription }
    }

    @Test("tells how each of its commands begins, whatever the arguments hold")
    func beginnings() {
        var buffer = CommandBuffer()
        buffer.append("PING")
        buffer.append("SET", Bytes("a\r\n$3"), Bytes("*1\r\n"))
        buffer.append(words: ["XADD", "key", "*"])
        let texts = (0..<4).map { index in
            let (name, argument) = buffer.beginning(ofCommand: index)
            return [name, argument].map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(texts == [["PING", ""], ["SET", "a\r\n$3"], ["XADD", "key"], ["", ""]])
    }

    @Test(
        "encodes a command as an array of bulk strings",
        arguments: [
            Case(arguments: [], encoded: "*1\r\n$4\r\nECHO\r\n"),
            Case(arguments: [Bytes("a")], encoded: "*2\r\n$4\r\nECHO\r\n$1\r\na\r\n"),
            Case(arguments: [[]], encoded: "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"),
            Case(arguments: [Bytes("\r\n")], encoded: "*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n"),
            Case(arguments: [[0]], encoded: "*2\r\n$4\r\nECHO\r\n$1\r\n\0\r\n"),
            Case(arguments: [Bytes("ä")], encoded: "*2\r\n$4\r\nECHO\r\n$2\r\nä\r\n"),
            Case(
                arguments: Array(repeating: Bytes("x"), count: 12),
                encoded: "*13\r\n$4\r\nECHO\r\n" + String(repeating: "$1\r\nx\r\n", count: 12)
            ),
            Case(
                arguments: [Bytes(String(repeating: "y", count: 1234))],
                encoded: "*2\r\n$4\r\nECHO\r\n$1234\r\n" + String(repeating: "y", count: 1234) + "\r\n"
            ),
        ]
    )
    func encodes(_ example: Case) {
        var buffer = CommandBuffer()
        buffer.append("ECHO", example.arguments)
        #expect(buffer.bytes == Bytes(example.encoded))
        #expect(buffer.byteCount == example.encoded.utf8.count)
        #expect(buffer.count == 1)
    }

    @Test("tells each length by its digits", arguments: [0, 1, 9, 10, 11, 19, 20, 99, 100, 101, 999, 1000, 100_000])
    func lengths(_ length: Int) {
        var buffer = CommandBuffer()
        buffer.append("ECHO", Bytes(repeating: 1, count: length))
        let expected = Bytes("*2\r\n$4\r\nECHO\r\n$\(length)\r\n") + Bytes(repeating: 1, count: length) + Bytes("\r\n")
        #expect(buffer.bytes == expected)
    }

    @Test("keeps bytes that are not UTF-8")
    func keepsInvalidText() {
        var buffer = CommandBuffer()
        buffer.append("ECHO", [0xFF, 0xC0, 0x80])
        #expect(buffer.bytes == Bytes("*2\r\n$4\r\nECHO\r\n$3\r\n") + [0xFF, 0xC0, 0x80, 13, 10])
    }

    @Test("encodes texts, bytes and lists alike")
    func formsAreEqual() {
        var texts = CommandBuffer()
        texts.append("SET", "key", "value")
        var list = CommandBuffer()
        list.append(words: ["SET", "key", "value"])
        var bytes = CommandBuffer()
        bytes.append("SET", Bytes("key"), Bytes("value"))
        #expect(texts.bytes == list.bytes)
        #expect(texts.bytes == bytes.bytes)
    }

    @Test("counts its commands, also those of another buffer")
    func counts() {
        var buffer = CommandBuffer()
        #expect(buffer.isEmpty)
        buffer.append("PING")
        var other = CommandBuffer()
        other.append("GET", "a")
        other.append("GET", "b")
        buffer.append(contentsOf: other)
        #expect(buffer.count == 3)
        #expect(!buffer.isEmpty)
        #expect(buffer.bytes == Bytes("*1\r\n$4\r\nPING\r\n") + other.bytes)
    }

    @Test("refuses a command without a name, for which no reply would ever come")
    func refusesEmptyCommand() async {
        await #expect(processExitsWith: .failure) {
            var buffer = CommandBuffer()
            buffer.append(words: [])
        }
    }
}
