import Glibc
import Logging
import Testing

@testable import Systemd

@Suite("The journal's log handler", .enabled(if: OwnRun.isAllowed, "needs the right to make a mount namespace"))
struct JournalLogHandlerTests {
    @Test("sends one entry in the journal's own protocol, in which no value becomes a field")
    func wire() async throws {
        let datagram = try await OwnRun.perform {
            let journal = try DatagramSocket(path: OwnRun.journalSocket)
            var logger = Logger(label: "reconciler") { label in
                JournalLogHandler(label: label, identifier: "migrateredisd", logLevel: .debug)
            }
            logger[metadataKey: "migration"] = "002_timestamps"
            logger.warning(
                "two\nlines",
                metadata: ["reason": "x\nPRIORITY=0", "nul": "a\u{0}b", "message-id": "c0ffee"]
            )
            let datagram = try journal.receive()
            #expect(try journal.receive(withinMilliseconds: 0) == nil)
            return datagram
        }
        let fields = try JournalDatagram(try #require(datagram)).fields
        #expect(fields["MESSAGE"] == ["two\nlines"])
        #expect(fields["PRIORITY"] == ["4"])
        #expect(fields["SYSLOG_IDENTIFIER"] == ["migrateredisd"])
        #expect(fields["LOGGER"] == ["reconciler"])
        #expect(fields["MIGRATION"] == ["002_timestamps"])
        #expect(fields["REASON"] == ["x\nPRIORITY=0"])
        #expect(fields["NUL"] == ["a\\x00b"])
        #expect(fields["MESSAGE_ID"] == ["c0ffee"])
        #expect(fields["CODE_FILE"] == [#fileID])
        #expect(fields["CODE_FUNC"] == ["wire()"])
        #expect(fields["CODE_LINE"]?.compactMap { Int($0) }.count == 1)
        #expect(fields.count == 11)
    }

    @Test("writes nothing below its level")
    func level() async throws {
        let datagram = try await OwnRun.perform {
            let journal = try DatagramSocket(path: OwnRun.journalSocket)
            let logger = Logger(label: "l") { JournalLogHandler(label: $0, identifier: "i", logLevel: .warning) }
            logger.info("too low")
            logger.error("high enough")
            return try journal.receive()
        }
        #expect(try JournalDatagram(try #require(datagram)).fields["MESSAGE"] == ["high enough"])
    }

    @Test("falls silent where there is no journal")
    func noJournal() async throws {
        let output = try LineReader.pipe()
        let writer = LineWriter(descriptor: output.writeEnd)
        try await OwnRun.perform {
            JournalLogHandler(label: "l", identifier: "i", fallback: writer).log(event: .test("unheard"))
            writer.write("end")
        }
        #expect(try output.read() == "end\n")
    }

    @Test("writes a plain line where the journal refuses")
    func refused() async throws {
        let output = try LineReader.pipe()
        let writer = LineWriter(descriptor: output.writeEnd)
        try await OwnRun.perform {
            do { _ = try DatagramSocket(path: OwnRun.journalSocket) }
            JournalLogHandler(label: "l", identifier: "i", fallback: writer)
                .log(event: .test("still heard", level: .error, metadata: ["reason": "a b"]))
        }
        #expect(try output.read() == "ERROR still heard reason=\"a b\"\n")
    }
}
