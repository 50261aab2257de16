import RedisClient
import Testing

@testable import MigrationKit

@Suite("The ledger's shape")
struct LedgerShapeTests {
    private static let plain = KeyNames()
    private static let cluster = KeyNames(isCluster: true)

    @Test("for any number of pairs is one that a ledger may have")
    func forPairs() {
        for names in [Self.plain, Self.cluster] {
            for pairs in [0, 1, 32, 33, 1_000_000, Bounded.most, Bounded.most + Slot.count] {
                let shape = Ledger.shape(forPairs: pairs, names: names)
                #expect((1...LedgerShape.most).contains(shape.buckets), "\(pairs)")
            }
        }
        #expect(Ledger.shape(forPairs: 64, names: Self.plain).buckets == 2)
        #expect(Ledger.shape(forPairs: 65, names: Self.plain).buckets == 3)
    }

    @Test("that was stored fits only among as many keys as it has hashes, and a few thousand")
    func fits() {
        for (names, slots) in [(Self.plain, 1), (Self.cluster, Slot.count)] {
            #expect(LedgerShape(buckets: 65_536 / slots).fits(among: 0, in: names))
            #expect(!LedgerShape(buckets: 65_536 / slots + 1).fits(among: 0, in: names))
            #expect(LedgerShape(buckets: (1_000_000 + 65_536) / slots).fits(among: 1_000_000, in: names))
            #expect(!LedgerShape(buckets: LedgerShape.most).fits(among: 1_000_000, in: names))
        }
    }

    @Test("of one that is to be made is limited to what the counted keys fill")
    func limited() {
        let forged = Ledger.shape(forPairs: Bounded.most, names: Self.plain)
        #expect(forged.limited(to: 0, in: Self.plain).buckets == LedgerShape.slack)
        #expect(forged.limited(to: 32_000_000, in: Self.plain).buckets == 1_000_000 + LedgerShape.slack)
        #expect(LedgerShape(buckets: 7).limited(to: 0, in: Self.plain).buckets == 7)
        #expect(LedgerShape(buckets: 1000).limited(to: 0, in: Self.cluster).buckets == 4)
        // What is planned honestly is made as planned.
        for keys in [1, 1000, 10_000_000, 3_000_000_000] {
            for names in [Self.plain, Self.cluster] {
                let planned = Ledger.shape(forPairs: keys, names: names)
                #expect(planned.limited(to: keys, in: names) == planned)
                #expect(planned.fits(among: keys + planned.hashes(in: names), in: names))
            }
        }
    }

    @Test(
        "in a header is a plain number",
        arguments: ["1 0", "1 268435457", "1 9223372036854775807", "1 007", "1 +5", "1 -5"]
    )
    func header(text: String) {
        #expect(Ledger.shape(fromHeader: Bytes(text)) == nil)
        #expect(Ledger.shape(fromHeader: Bytes("1 5"))?.buckets == 5)
    }
}
