import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

// The constants were computed by another program from the format that `Digester` documents.
@Suite("The digest of other types than hashes")
struct TypeDigestTests {
    private static let odd: Bytes = [0, 255, 13, 10]

    @Test("of strings is the one that older programs stored")
    func strings() throws {
        let digester = try Digester()
        #expect(
            digester.string(try WireReply.string(Bytes("abc")))
                == Digest(low: 0x2db3_b484_ce72_7c73, high: 0xd8b0_7c3b_366c_817d)
        )
        #expect(
            digester.string(try WireReply.string([])) == Digest(low: 0x0ee4_c1bd_e308_50ce, high: 0xbeab_0b2d_3d6e_3744)
        )
        #expect(
            digester.string(try WireReply.string(Self.odd))
                == Digest(low: 0x9aae_7182_2e28_220f, high: 0xb59d_edad_25bb_049d)
        )
    }

    @Test("of lists is the one that older programs stored")
    func lists() throws {
        let digester = try Digester()
        #expect(
            digester.list(try WireReply.list([Bytes("a"), Bytes("b"), Bytes("a")]))
                == Digest(low: 0x05ac_983c_245d_daea, high: 0x55aa_6587_1233_2c10)
        )
        #expect(
            digester.list(try WireReply.list([Self.odd, []]))
                == Digest(low: 0x7c62_38ed_8fa0_9f50, high: 0x8fdb_8aac_f4c1_4768)
        )
    }

    @Test("of sets is the one that older programs stored, in any order")
    func sets() throws {
        let digester = try Digester()
        let two = Digest(low: 0x888f_7282_2447_c1bb, high: 0xddf6_cd68_b989_0015)
        #expect(digester.set(try WireReply.list([Bytes("1"), Bytes("a")])) == two)
        #expect(digester.set(try WireReply.list([Bytes("a"), Bytes("1")])) == two)
        #expect(
            digester.set(try WireReply.list([[], Self.odd]))
                == Digest(low: 0xe328_20f4_5481_2e0a, high: 0x9fef_e9d4_a1a7_2219)
        )
        var members = (0..<1000).map { Bytes("m\($0)") }
        var generator = SplitMix64(seed: 5)
        members.shuffle(using: &generator)
        #expect(
            digester.set(try WireReply.list(members))
                == Digest(low: 0x2663_0dcb_96ce_f53a, high: 0x11ef_e6c6_7b74_01cc)
        )
    }

    @Test("of sorted sets is the one that older programs stored")
    func sortedSets() throws {
        let digester = try Digester()
        let two = try WireReply.list(["a", "1", "b", "1.5"].map { Bytes($0) })
        #expect(try digester.sortedSet(two) == Digest(low: 0x49c3_5709_d5a9_6ab2, high: 0xa785_afce_2d0f_a601))
        let odd = Digest(low: 0x716b_a94a_c576_0639, high: 0x1a7d_40bb_5755_6807)
        // Servers write the same number in 17 digits or in as few as do.
        for tenth in ["0.1", "0.10000000000000001", "1e-1"] {
            for zero in ["0", "-0", "0.0"] {
                let members = [Bytes("x"), Bytes("-inf"), Bytes("y"), Bytes(zero)]
                let all = try WireReply.list(members + [Self.odd, Bytes(tenth), [], Bytes("inf")])
                #expect(try digester.sortedSet(all) == odd, "\(tenth) \(zero)")
            }
        }
    }

    @Test("of a sorted set with a score that is no number is an error", arguments: ["", "x", "1,5", "nan"])
    func oddScores(score: String) throws {
        let reply = try WireReply.list([Bytes("a"), Bytes(score)])
        let digester = try Digester()
        #expect(throws: RedisError.self) { try digester.sortedSet(reply) }
    }

    @Test("of streams is the one that older programs stored")
    func streams() throws {
        let digester = try Digester()
        let entries = try WireReply.stream([
            ("1-1", [Bytes("a"), Bytes("1")]), ("1-2", [Bytes("b"), Bytes("2"), [], Self.odd]),
        ])
        #expect(
            digester.stream(entries, lastID: try WireReply.string(Bytes("1-2")))
                == Digest(low: 0x52b3_7b00_d7c1_9610, high: 0x0f4b_96b5_3499_06d0)
        )
        #expect(
            digester.stream(try WireReply.stream([]), lastID: try WireReply.string(Bytes("5-0")))
                == Digest(low: 0xfc6d_c5a3_7a05_1a9e, high: 0x6698_8f36_4b5e_8f4f)
        )
    }

    @Test("differs between types, orders, borders and counts")
    func differences() throws {
        let digester = try Digester()
        let ab = try WireReply.list([Bytes("a"), Bytes("b")])
        let ba = try WireReply.list([Bytes("b"), Bytes("a")])
        let joined = try WireReply.list([Bytes("ab")])
        let empty = try WireReply.list([Bytes("ab"), []])
        let last = try WireReply.string(Bytes("1-1"))
        let digests = [
            digester.list(ab), digester.list(ba), digester.list(joined), digester.list(empty),
            digester.set(ab), digester.set(joined), digester.set(empty),
            digester.string(try WireReply.string(Bytes("ab"))),
            try digester.sortedSet(try WireReply.list([Bytes("a"), Bytes("1")])),
            try digester.sortedSet(try WireReply.list([Bytes("a"), Bytes("1.0000000000000002")])),
            try digester.sortedSet(try WireReply.list([Bytes("a"), Bytes("-1")])),
            digester.stream(try WireReply.stream([("1-1", [Bytes("a"), Bytes("b")])]), lastID: last),
            digester.stream(
                try WireReply.stream([("1-1", [Bytes("a"), Bytes("b")])]),
                lastID: try WireReply.string([])
            ),
            digester.stream(
                try WireReply.stream([("1-1", [Bytes("a")]), ("b", [])]),
                lastID: last
            ),
            digester.stream(try WireReply.stream([]), lastID: last),
        ]
        #expect(Set(digests).count == digests.count)
    }
}
