import RedisClient
import Testing

@testable import MigrationKit

@Suite("A number that Redis holds or reports")
struct BoundedTests {
    @Test("is one from 0 to 2^48, in digits without a sign and without zeros before it")
    func texts() {
        for text in ["0", "1", "10", "281474976710656"] { #expect(Bounded(decimal: text)?.value == Int(text)) }
        for text in [
            "", "-1", "+1", "00", "01", " 1", "1 ", "0x1", "1.0", "1e3", "281474976710657", "9223372036854775807",
            "9223372036854775808", "99999999999999999999", "١",
        ] {
            #expect(Bounded(decimal: text) == nil, "\(text)")
        }
        for number in [Int.min, -1, Bounded.most + 1, .max] { #expect(Bounded(number) == nil) }
        #expect(Bounded(UInt64.max) == nil && Bounded(Int32(7))?.value == 7)
    }

    @Test("is added to others without an overflow")
    func sums() {
        #expect(Bounded.sum([1, 2, 3]) == 6 && Bounded.sum([]) == 0)
        #expect(Bounded.sum([Bounded.most, 1]) == Bounded.most)
        #expect(Bounded.sum([.max, .max, .min, -5]) == Bounded.most)
        #expect(Bounded.sum([Int](repeating: Bounded.most, count: 100_000)) == Bounded.most)
    }

    @Test("in a reply is that number, nothing for null, and an error for anything else")
    func replies() throws {
        #expect(try WireReply.parse(":7\r\n").bounded("X") == 7)
        #expect(try WireReply.parse("$-1\r\n").bounded("X") == nil)
        for odd in [
            ":-1\r\n", ":-9223372036854775808\r\n", ":9223372036854775807\r\n", "$1\r\n7\r\n", "*0\r\n", "-ERR\r\n",
        ] {
            #expect(throws: RedisError.self, "\(odd)") { try WireReply.parse(odd).bounded("MEMORY USAGE") }
        }
    }

    // MARK: Documents

    /// Every place of a number in a state, `N` standing for it.
    static let places: KeyValuePairs<String, String> = [
        "progress.total_items": #""progress":{"total_items":N}"#,
        "progress.processed_items": #""progress":{"processed_items":N}"#,
        "progress.failed_items": #""progress":{"failed_items":N}"#,
        "progress.skipped_items": #""progress":{"skipped_items":N}"#,
        "checkpoint.processed_items": #""checkpoint":{"cursors":{"r":"5"},"processed_items":N}"#,
        "scope.kinds.tenant": #""scope":{"kinds":{"tenant":N}}"#,
        "held.counts.diverged": #""held":{"counts":{"diverged":N},"samples":[]}"#,
        "verification.compared_pairs": verification(compared: "N"),
        "verification.removable": verification(removable: "N"),
        "in_use": #""in_use":N"#,
        "epoch": #""epoch":N"#,
        "ledger.buckets": #""ledger":{"buckets":N}"#,
    ]

    private static func verification(compared: String = "1", removable: String = "1") -> String {
        #""verification":{"compared_pairs":\#(compared),"removable":\#(removable),"soak_from_ms":1,"#
            + #""verified_at_ms":1,"server":{"run_id":"r","replication_id":"p"}}"#
    }

    static let bad = [
        "-1", "281474976710657", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e30", "1.5",
        "\"7\"", "true", "[1]",
    ]

    private static func read(_ field: String) throws -> MigrationState {
        try MigrationState.read(
            Bytes(#"{"migration_name":"001_hash_tags","phase":"applying","format":1,"# + field + "}"),
            key: Bytes("the:key"),
            migration: "001_hash_tags"
        )
    }

    @Test("out of bounds makes a state unreadable, and the message names key and field", arguments: places.map(\.key))
    func outOfBounds(field: String) throws {
        let text = try #require(Self.places.first { $0.key == field }?.value)
        for number in Self.bad {
            let error = #expect(throws: MigrationError.self, "\(number)") {
                try Self.read(text.replacing("N", with: number))
            }
            #expect(error?.code == .unreadable && error?.message.contains("the:key") == true)
            #expect(error?.message.contains(field) == true, "\(error?.message ?? "")")
        }
        _ = try Self.read(text.replacing("N", with: "1"))
        if field != "ledger.buckets" { _ = try Self.read(text.replacing("N", with: "281474976710656")) }
    }

    @Test("is shown as it stands there, escaped")
    func shown() {
        let error = #expect(throws: MigrationError.self) { try Self.read(#""in_use":"\u001b[31m\u202e""#) }
        #expect(error?.message.contains("“\\x1b[31m\\xe2\\x80\\xae”") == true, "\(error?.message ?? "")")
        // A sentence of the decoder's own, which repeats the text.
        let phase = #expect(throws: MigrationError.self) {
            try MigrationState.read(
                Bytes(#"{"migration_name":"001_hash_tags","phase":"\u001b\u202e"}"#),
                key: Bytes("the:key"),
                migration: "001_hash_tags"
            )
        }
        #expect(phase?.message.unicodeScalars.contains(where: SafeText.isUnsafe) == false, "\(phase?.message ?? "")")
        let large = #expect(throws: MigrationError.self) { try Self.read(#""in_use":9223372036854775807"#) }
        #expect(large?.message.contains("in_use is 9223372036854775807") == true, "\(large?.message ?? "")")
    }

    @Test("of an approval out of bounds makes it none")
    func approval() throws {
        func read(_ count: String) -> Approval? {
            let text = #"{"format":1,"migration":"m","phase":"verify","by":"a","at":"","reason":"","count":\#(count)}"#
            return StoredDocument.decode(Approval.self, from: Bytes(text))
        }
        #expect(read("7")?.count == 7 && read("null")?.count == nil && read("null") != nil)
        for number in Self.bad { #expect(read(number) == nil, "\(number)") }
    }

    @Test("of a cursor is one that SCAN answers, or the end")
    func cursors() throws {
        func read(_ cursor: String) throws -> MigrationState {
            try Self.read(#""checkpoint":{"cursors":{"r":\#(cursor)},"processed_items":1}"#)
        }
        for cursor in ["0", "17", "18446744073709551615", "end"] { _ = try read("\"\(cursor)\"") }
        for cursor in ["", "-1", "+5", "007", "x", "18446744073709551616", "5\\r\\nFLUSHALL"] {
            #expect(throws: MigrationError.self, "\(cursor)") { try read("\"\(cursor)\"") }
        }
    }

    @Test("Of errors and samples the first 20 are read")
    func lists() throws {
        let many = [String](repeating: #""e""#, count: 1000).joined(separator: ",")
        let samples = [String](repeating: #"{"key":"k","reason":"r"}"#, count: 1000).joined(separator: ",")
        let state = try Self.read(#""errors":[\#(many)],"held":{"counts":{"r":1000},"samples":[\#(samples)]}"#)
        #expect(state.errors.count == 20 && state.held?.samples.count == 20 && state.held?.total == 1000)
    }

    @Test("of a lock's time to live is none where no clock counts so far")
    func timeToLive() throws {
        for (reply, milliseconds) in [(":5\r\n", 5), (":-1\r\n", nil), (":9223372036854775807\r\n", nil)]
            as [(String, Int64?)]
        {
            let reading = LockReading(value: try WireReply.parse("$1\r\nx\r\n"), timeToLive: try WireReply.parse(reply))
            #expect(reading.holder?.timeToLive == milliseconds.map { Duration.milliseconds($0) })
        }
    }
}
