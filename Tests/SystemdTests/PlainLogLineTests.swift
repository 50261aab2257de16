import Logging
import Testing

@testable import Systemd

@Suite("A plain log line")
struct PlainLogLineTests {
    @Test("has the level, the message and the pairs")
    func plain() {
        let line = PlainLogLine(
            level: .warning,
            message: "lock lost",
            pairs: [("holder", "a/1"), ("reason", "took too long")]
        )
        #expect(line.text == "WARNING lock lost holder=a/1 reason=\"took too long\"")
    }

    @Test("does not show the message id, however it is spelt", arguments: ["message-id", "MESSAGE_ID", "message.id"])
    func messageID(key: String) {
        let line = PlainLogLine(level: .info, message: "m", pairs: [(key, "c0ffee"), ("message-ids", "2")])
        #expect(line.text == "INFO m message-ids=2")
    }

    @Test("stays one line that a terminal only shows, whatever is in it")
    func injection() {
        let line = PlainLogLine(
            level: .error,
            message: "a\nERROR forged \u{1B}[2J",
            pairs: [("k\ney=", "v\r\nINFO forged\u{9B}2J\u{202E}"), ("reason", "x\" forged=\"y")]
        )
        #expect(
            line.text
                == #"ERROR a\x0aERROR forged \x1b[2J "k\x0aey="="v\x0d\x0aINFO forged\xc2\x9b2J\xe2\x80\xae" "#
                + #"reason="x\" forged=\"y""#
        )
    }

    @Test("begins with the time if there is one")
    func time() {
        let line = PlainLogLine(
            time: TimeOfDay(hour: 7, minute: 5, second: 59),
            level: .info,
            message: "m",
            pairs: []
        )
        #expect(line.text == "07:05:59 INFO m")
    }

    @Test(
        "colours the level and nothing else",
        arguments: zip(
            Logger.Level.allCases,
            [
                "\u{1B}[2mTRACE\u{1B}[0m", "\u{1B}[2mDEBUG\u{1B}[0m", "INFO", "\u{1B}[1mNOTICE\u{1B}[0m",
                "\u{1B}[33mWARNING\u{1B}[0m", "\u{1B}[31mERROR\u{1B}[0m", "\u{1B}[31mCRITICAL\u{1B}[0m",
            ]
        )
    )
    func colored(level: Logger.Level, word: String) {
        let line = PlainLogLine(level: level, colored: true, message: "m", pairs: [("k", "v")])
        #expect(line.text == "\(word) m k=v")
    }
}
