import Foundation
import Logging
import Testing

@testable import Systemd

@Suite("The plain log handler")
struct PlainLogHandlerTests {
    @Test("writes each event to a pipe as one line without time or colour")
    func pipe() throws {
        let output = try LineReader.pipe()
        let style = PlainLogStyle.suiting(descriptor: output.writeEnd, environment: [:])
        var logger = Logger(label: "l") { _ in
            PlainLogHandler(logLevel: .info, style: style, writer: LineWriter(descriptor: output.writeEnd))
        }
        logger[metadataKey: "migration"] = "001_hash_tags"
        logger.debug("too low")
        logger.info("applied", metadata: ["keys": "\(250_000)"])
        #expect(try output.read() == "INFO applied keys=250000 migration=001_hash_tags\n")
    }

    @Test("writes the time and a coloured level to a terminal")
    func terminal() throws {
        let output = try LineReader.terminal()
        let style = PlainLogStyle.suiting(descriptor: output.writeEnd, environment: ["TERM": "xterm"])
        PlainLogHandler(style: style, writer: LineWriter(descriptor: output.writeEnd))
            .log(event: .test("lost", level: .warning))
        let line = try #require(try output.read())
        #expect(line.wholeMatch(of: /\d\d:\d\d:\d\d \x{1B}\[33mWARNING\x{1B}\[0m lost\r\n/) != nil)
    }

    @Test(
        "colours no level where that is refused",
        arguments: [
            (["NO_COLOR": "1"], false), (["TERM": "dumb"], false), (["NO_COLOR": ""], true), ([:], true),
        ]
    )
    func colors(environment: [String: String], usesColor: Bool) throws {
        let output = try LineReader.terminal()
        let style = PlainLogStyle.suiting(descriptor: output.writeEnd, environment: environment)
        #expect(style == PlainLogStyle(showsTime: true, usesColor: usesColor))
    }

    @Test("does not mix the lines of many threads")
    func concurrent() async throws {
        let output = try LineReader.pipe()
        let handler = PlainLogHandler(writer: LineWriter(descriptor: output.writeEnd))
        let value = String(repeating: "x", count: 100)
        await withTaskGroup { group in
            for number in 0..<100 {
                group.addTask { handler.log(event: .test("m", metadata: ["n": "\(number)", "v": "\(value)"])) }
            }
        }
        let lines = try #require(try output.read()).split(separator: "\n")
        #expect(Set(lines) == Set((0..<100).map { "INFO m n=\($0) v=\(value)" }))
    }

    @Test("writes a line that is longer than the pipe takes at once", arguments: [0, O_NONBLOCK])
    func long(flags: Int32) throws {
        let output = try LineReader.pipe()
        try SystemError.check("fcntl", fcntl(output.writeEnd, F_SETFL, flags))
        let value = String(repeating: "x", count: 300_000)
        Thread.detachNewThread {
            // It holds the pipe, which must stay open for as long as this may write to it.
            PlainLogHandler(writer: LineWriter(descriptor: output.writeEnd))
                .log(event: .test("m", metadata: ["v": "\(value)"]))
        }
        var text = ""
        while !text.hasSuffix("\n") {
            text += try #require(try output.read())
        }
        #expect(text == "INFO m v=\(value)\n")
    }

    @Test("loses a line that nobody can take, and lives on")
    func closed() {
        LineWriter(descriptor: -1).write("unheard")
        PlainLogHandler(writer: LineWriter(descriptor: -1)).log(event: .test("unheard"))
    }
}
