import FoundationEssentials
import RedisClient
import Testing

@testable import MigrationKit

@Suite("What the lock's key holds")
struct LockRecordTests {
    private static let identity = HolderIdentity(
        token: "00112233445566778899aabbccddeeff",
        host: "db1",
        instance: "blue",
        processID: 4711,
        bootID: "b-1",
        processNamespace: "pid:[1]",
        version: "1.0.0"
    )

    private static let record = LockRecord(
        identity: identity,
        times: LockTimes(),
        migration: "001_hash_tags",
        at: Timestamp(milliseconds: 1_700_000_000_500)
    )

    @Test("has exactly the fields of the contract")
    func fields() throws {
        let text = String(decoding: try StoredDocument.encode(Self.record), as: UTF8.self)
        #expect(
            text == #"{"boot_id":"b-1","holder":"db1/blue","host":"db1","migration":"001_hash_tags","#
                + #""pid":4711,"pid_namespace":"pid:[1]","renew_interval":10000,"stale_after":60000,"#
                + #""started_at":"2023-11-14T22:13:20.500Z","token":"00112233445566778899aabbccddeeff","#
                + #""ttl":3600000,"version":"1.0.0"}"#
        )
    }

    @Test("has the start of the process besides, which programs that know nothing of it pass over")
    func start() throws {
        var identity = Self.identity
        identity.processStart = 4711
        let record = LockRecord(identity: identity, times: LockTimes(), migration: "m", at: .now)
        let bytes = try StoredDocument.encode(record)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"pid_start\":4711"))
        #expect(StoredDocument.decode(LockRecord.self, from: bytes) == record)
        #expect(StoredDocument.decode(LockRecord.self, from: try StoredDocument.encode(Self.record))?.pidStart == nil)
    }

    @Test("is what the original tool expects in its four fields")
    func original() throws {
        struct Original: Decodable {
            var migration: String
            var started_at: String
            var pid: Int
            var host: String
        }
        let original = try JSONDecoder().decode(Original.self, from: Data(StoredDocument.encode(Self.record)))
        #expect(original.migration == "001_hash_tags" && original.pid == 4711 && original.host == "db1")
        #expect(
            try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(original.started_at)
                .timeIntervalSince1970 > 0
        )
    }

    @Test("names the holder by host and instance, and by host alone without one")
    func holder() {
        var identity = Self.identity
        #expect(Self.record.holder == "db1/blue")
        identity.instance = ""
        let plain = LockRecord(identity: identity, times: LockTimes(), migration: "m", at: .now)
        #expect(plain.holder == "db1")
    }

    @Test("is read back as ours, with its time to live")
    func ours() throws {
        let bytes = try StoredDocument.encode(Self.record)
        let reading = try LockReading(value: WireReply.string(bytes), timeToLive: WireReply.parse(":3599000\r\n"))
        #expect(reading == .ours(Self.record, bytes: bytes, timeToLive: .milliseconds(3_599_000)))
        #expect(reading.bytes == bytes)
        #expect(reading.holder?.text == "db1/blue (process 4711)")
        #expect(reading.holder?.migration == "001_hash_tags" && reading.holder?.isForeign == false)
    }

    @Test("without a time to live is told as never ending")
    func endless() throws {
        let bytes = try StoredDocument.encode(Self.record)
        for left in [":-1\r\n", ":-2\r\n", "-ERR no\r\n"] {
            let reading = try LockReading(value: WireReply.string(bytes), timeToLive: WireReply.parse(left))
            #expect(reading == .ours(Self.record, bytes: bytes, timeToLive: nil))
        }
    }

    @Test("is free only where there is no key")
    func free() throws {
        let gone = try WireReply.parse(":-2\r\n")
        #expect(try LockReading(value: WireReply.parse("$-1\r\n"), timeToLive: gone) == .free)
        let wrongType = try WireReply.parse("-WRONGTYPE Operation against a key\r\n")
        let reading = LockReading(value: wrongType, timeToLive: gone)
        #expect(reading.holder?.isForeign == true && reading.bytes == nil && reading != .free)
    }

    struct Odd: Sendable, CustomTestStringConvertible {
        var text: String
        var shown: String
        var testDescription: String { text }
    }

    @Test(
        "in another form belongs to another tool, and its holder is told as far as it is known",
        arguments: [
            Odd(text: "", shown: "another tool (0 bytes in a form that this program does not know)"),
            Odd(text: "1", shown: "another tool (1 bytes in a form that this program does not know)"),
            Odd(text: "{}", shown: "another tool (2 bytes in a form that this program does not know)"),
            Odd(text: "[]", shown: "another tool (2 bytes in a form that this program does not know)"),
            Odd(text: "{\"migration\":", shown: "another tool (13 bytes in a form that this program does not know)"),
            Odd(
                text:
                    #"{"migration":"001_hash_tags","started_at":"2024-05-01T10:00:00.123456789Z","pid":17,"host":"web"}"#,
                shown: "another tool on web, process 17"
            ),
            Odd(text: #"{"migration":"m"}"#, shown: "another tool"),
            Odd(text: "migration=001_hash_tags, started=2026-01-01T00:00:00Z", shown: "the original tool"),
            Odd(text: "migration=m", shown: "the original tool"),
            Odd(text: "started=x", shown: "another tool (9 bytes in a form that this program does not know)"),
            Odd(text: "migration=m, x=y", shown: "another tool (16 bytes in a form that this program does not know)"),
            Odd(
                text: #"{"migration":"a\u001b[2Jb","host":"x\ny"}"#,
                shown: "another tool on \(KeyText.escaped(Bytes("x\ny")))"
            ),
            Odd(text: #"{"migration":"m","pid":99999999999}"#, shown: "another tool, process 99999999999"),
        ]
    )
    func foreign(_ odd: Odd) throws {
        let bytes = Bytes(odd.text)
        let reading = try LockReading(value: WireReply.string(bytes), timeToLive: WireReply.parse(":5\r\n"))
        #expect(reading == .foreign(odd.shown, bytes: bytes, timeToLive: .milliseconds(5)))
        #expect(reading.holder?.isForeign == true)
    }

    @Test(
        "of ours with one field gone or of another kind is another tool's",
        arguments: [
            "migration", "started_at", "pid", "host", "holder", "boot_id", "pid_namespace", "token", "ttl",
            "renew_interval", "stale_after", "version",
        ]
    )
    func everyField(name: String) throws {
        var fields = try #require(
            StoredDocument.decode([String: JSONValue].self, from: StoredDocument.encode(Self.record))
        )
        for value in [nil, JSONValue.array([])] {
            fields[name] = value
            let bytes = try StoredDocument.encode(fields)
            let reading = try LockReading(value: WireReply.string(bytes), timeToLive: WireReply.parse(":5\r\n"))
            guard case .foreign = reading else {
                Issue.record("without a right \(name) it is taken for ours")
                return
            }
        }
    }

    @Test("shows a holder's names without what could steer a terminal")
    func escapes() throws {
        var record = Self.record
        record.holder = "db1\u{1B}[2J"
        record.migration = "a\nb"
        record.startedAt = "\u{202E}"
        let bytes = try StoredDocument.encode(record)
        let reading = try LockReading(value: WireReply.string(bytes), timeToLive: WireReply.parse(":5\r\n"))
        let holder = try #require(reading.holder)
        for shown in [holder.text, holder.migration ?? "", holder.startedAt ?? ""] {
            #expect(shown.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) }, "\(shown.debugDescription)")
        }
    }

    @Test("belongs to a process by 128 random bits")
    func tokens() {
        let tokens = (0..<500).map { _ in HolderIdentity.randomToken() }
        #expect(Set(tokens).count == 500)
        #expect(tokens.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }
}
