import Glibc
import Logging
import Testing

@testable import Systemd

@Suite("The destination of the log")
struct LogDestinationTests {
    @Test("is the journal where its stream is the one we write to")
    func journal() throws {
        let output = try LineReader.pipe()
        let stream = try #require(FileIdentity(descriptor: output.writeEnd))
        let environment = ["JOURNAL_STREAM": "\(stream.device):\(stream.inode)"]
        #expect(LogDestination.detect(environment: environment, descriptor: output.writeEnd) == .journal)
    }

    @Test("is plain where the stream is another's, malformed, or not there")
    func plain() throws {
        let output = try LineReader.pipe()
        let stream = try #require(FileIdentity(descriptor: output.writeEnd))
        let texts = [
            "\(stream.device):\(stream.inode + 1)", "\(stream.device + 1):\(stream.inode)", "\(stream.device)", "",
            "\(stream.device):\(stream.inode):0", " \(stream.device):\(stream.inode)", ":", "a:b", "0:0",
        ]
        for text in texts {
            let destination = LogDestination.detect(
                environment: ["JOURNAL_STREAM": text],
                descriptor: output.writeEnd
            )
            #expect(destination == .plain(PlainLogStyle()), "JOURNAL_STREAM=\(text)")
        }
        #expect(LogDestination.detect(environment: [:], descriptor: output.writeEnd) == .plain(PlainLogStyle()))
        #expect(
            LogDestination.detect(environment: ["JOURNAL_STREAM": "0:0"], descriptor: -1) == .plain(PlainLogStyle())
        )
    }

    @Test("is plain with the style of a terminal where that is what we write to")
    func terminal() throws {
        let output = try LineReader.terminal()
        let expected = LogDestination.plain(PlainLogStyle(showsTime: true, usesColor: true))
        #expect(LogDestination.detect(environment: [:], descriptor: output.writeEnd) == expected)
    }

    @Test("makes the handlers for it, at the level asked for")
    func factory() {
        let journal = LogDestination.journal.handlerFactory(identifier: "i", level: .debug)("l")
        #expect(journal is JournalLogHandler)
        #expect(journal.logLevel == .debug)
        let plain = LogDestination.plain(PlainLogStyle()).handlerFactory(identifier: "i", level: .error)("l")
        #expect(plain is PlainLogHandler)
        #expect(plain.logLevel == .error)
    }

    @Test("serves the whole program once the logging system has it")
    func bootstrap() async {
        await #expect(processExitsWith: .success) {
            LoggingSystem.bootstrap(
                LogDestination.detect(environment: [:]).handlerFactory(identifier: "i", level: .critical)
            )
            #expect(Logger(label: "l").handler is PlainLogHandler)
            #expect(Logger(label: "l").logLevel == .critical)
        }
    }
}
