import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("An entry of the ledger")
struct LedgerEntryTests {
    private static let content = Digest(low: 0x0102_0304_0506_0708, high: 0x1112_1314_1516_1718)
    private static let other = Digest(low: 0x2122_2324_2526_2728, high: 0x3132_3334_3536_3738)
    private static let name: UInt64 = 0xA1A2_A3A4_A5A6_A7A8

    struct Pinned: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var entry: LedgerEntry
        var hexadecimal: String
    }

    @Test(
        "has the bytes that older programs wrote",
        arguments: [
            Pinned(
                testDescription: "equal sides without an end",
                entry: LedgerEntry(
                    sourceName: name,
                    source: Side(content: content, expiry: nil),
                    destination: Side(content: content, expiry: nil)
                ),
                hexadecimal: "0100 a8a7a6a5a4a3a2a1 0807060504030201 1817161514131211 ffffffffffffffff"
            ),
            Pinned(
                testDescription: "being removed, with an end",
                entry: LedgerEntry(
                    sourceName: name,
                    source: Side(content: content, expiry: 0x0000_018B_CFE5_6800),
                    destination: Side(content: content, expiry: 0x0000_018B_CFE5_6800),
                    isRemoving: true
                ),
                hexadecimal: "0101 a8a7a6a5a4a3a2a1 0807060504030201 1817161514131211 0068e5cf8b010000"
            ),
            Pinned(
                testDescription: "sides that differ",
                entry: LedgerEntry(
                    sourceName: name,
                    source: Side(content: content, expiry: nil),
                    destination: Side(content: other, expiry: 1)
                ),
                hexadecimal: "0102 a8a7a6a5a4a3a2a1 0807060504030201 1817161514131211 ffffffffffffffff"
                    + "2827262524232221 3837363534333231 0100000000000000"
            ),
            Pinned(
                testDescription: "sides that differ only in their end, being removed",
                entry: LedgerEntry(
                    sourceName: 0,
                    source: Side(content: content, expiry: 0),
                    destination: Side(content: content, expiry: nil),
                    isRemoving: true
                ),
                hexadecimal: "0103 0000000000000000 0807060504030201 1817161514131211 0000000000000000"
                    + "0807060504030201 1817161514131211 ffffffffffffffff"
            ),
        ]
    )
    func pinned(_ pinned: Pinned) {
        let bytes = Self.bytes(pinned.hexadecimal)
        #expect(pinned.entry.bytes == bytes)
        #expect(LedgerEntry(bytes) == pinned.entry)
    }

    @Test("comes back as it was written, in less than the compact encoding's 64 bytes")
    func roundTrip() throws {
        var generator = SplitMix64(seed: 1)
        for _ in 0..<5000 {
            let source = Self.randomSide(&generator)
            let entry = LedgerEntry(
                sourceName: generator.next(),
                source: source,
                destination: Bool.random(using: &generator) ? source : Self.randomSide(&generator),
                isRemoving: Bool.random(using: &generator)
            )
            let bytes = entry.bytes
            #expect(bytes.count < 64)
            try #require(LedgerEntry(bytes) == entry, "\(bytes)")
        }
    }

    @Test("of an unknown format is no base", arguments: [0, 2, 3, 0x7F, 0xFF] as [UInt8])
    func unknownFormat(format: UInt8) {
        var bytes = Self.bytes("0100 a8a7a6a5a4a3a2a1 0807060504030201 1817161514131211 ffffffffffffffff")
        #expect(LedgerEntry(bytes) != nil)
        bytes[0] = format
        #expect(LedgerEntry(bytes) == nil)
    }

    @Test("of any other length than its flags say is no base")
    func wrongLength() {
        for flags in [0, 1, 2, 3] as [UInt8] {
            let length = flags & 2 == 0 ? 34 : 58
            for count in 0...80 where count != length {
                let bytes = ([1, flags] + [UInt8](repeating: 9, count: 78)).prefix(count)
                #expect(LedgerEntry(Bytes(bytes)) == nil, "flags \(flags), \(count) bytes")
            }
        }
    }

    @Test("made of any bytes at all never stops the program")
    func randomBytes() throws {
        var generator = SplitMix64(seed: 2)
        for _ in 0..<5000 {
            let count = [0, 1, 2, 34, 58, 64].randomElement(using: &generator) ?? 0
            var bytes = Bytes((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
            if count > 1 { bytes[0] = 1 }
            if let entry = LedgerEntry(bytes) { try #require(LedgerEntry(entry.bytes) == entry) }
        }
    }

    @Test("lies in the hash and field that its destination's name says")
    func place() {
        let names = KeyNames()
        let ledger = Ledger(names: names, migration: "001_x", shape: LedgerShape(buckets: 7))
        let place = ledger.place(of: [], digest: 0x0102_0304_0506_0708)
        #expect(place.field == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(place.key == names.ledger(of: "001_x", bucket: Int(0x0102_0304_0506_0708 % 7)))
        // The highest bit is not a sign.
        #expect(ledger.place(of: [], digest: .max).key == names.ledger(of: "001_x", bucket: Int(UInt64.max % 7)))
        #expect(place.field != Ledger.headerField)
    }

    @Test(
        "has a hash for every 32 pairs, and one for none",
        arguments: [(0, 1), (1, 1), (32, 1), (33, 2), (1_000_000, 31_250)]
    )
    func shape(pairs: Int, buckets: Int) {
        #expect(Ledger.shape(forPairs: pairs, names: KeyNames()) == LedgerShape(buckets: buckets))
    }

    @Test("stands behind a header that tells format and number of hashes")
    func header() {
        let ledger = Ledger(names: KeyNames(), migration: "001_x", shape: LedgerShape(buckets: 12))
        #expect(ledger.header == Bytes("1 12"))
        #expect(Ledger.shape(fromHeader: Bytes("1 12")) == LedgerShape(buckets: 12))
        for odd in ["", "1", "2 12", "1 0", "1 -1", "1 12 3", "x 12", "1 99999999999999999999"] {
            #expect(Ledger.shape(fromHeader: Bytes(odd)) == nil, "\(odd)")
        }
        #expect(Ledger.shape(fromHeader: [0xFF, 0x20, 0x31]) == nil)
    }

    private static func randomSide(_ generator: inout SplitMix64) -> Side {
        let expiry: Int64? =
            Bool.random(using: &generator) ? nil : .random(in: 0...Int64.max, using: &generator)
        return Side(content: Digest(low: generator.next(), high: generator.next()), expiry: expiry)
    }

    private static func bytes(_ hexadecimal: String) -> Bytes {
        let digits = hexadecimal.filter { $0 != " " }
        return stride(from: 0, to: digits.count, by: 2).map { offset in
            let start = digits.index(digits.startIndex, offsetBy: offset)
            return UInt8(digits[start...].prefix(2), radix: 16) ?? 0
        }
    }
}
