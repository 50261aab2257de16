import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

// The constants were computed by another program from the format that `Digester` documents.
@Suite("The digest of a hash")
struct DigesterTests {
    @Test("of one field is the one that older programs stored")
    func oneField() throws {
        let digest = try Digester().hash(WireReply.hash(["id": "a"]))
        #expect(digest == Digest(low: 0xd86f_37db_5271_4fab, high: 0xb7f7_ae2c_6ca9_a099))
    }

    @Test("of two fields is the one that older programs stored, in either order")
    func twoFields() throws {
        let digester = try Digester()
        let expected = Digest(low: 0xc7d3_e2ae_ac70_04c1, high: 0x2469_2f4e_ba56_145d)
        let one = try digester.hash(WireReply.hash(["id": "a", "created_at": "2024-01-01T00:00:00Z"]))
        let other = try digester.hash(WireReply.hash(["created_at": "2024-01-01T00:00:00Z", "id": "a"]))
        #expect(one == expected && other == expected)
    }

    @Test("of a thousand fields, whose sum carries many times, is the one that older programs stored")
    func manyFields() throws {
        var fields = (0..<1000).map { (Bytes("f\($0)".utf8), Bytes("v\($0)".utf8)) }
        let digester = try Digester()
        let expected = Digest(low: 0xed35_8ae9_546a_31fd, high: 0x8042_340b_de60_352f)
        #expect(try digester.hash(WireReply.hash(fields)) == expected)
        var generator = SplitMix64(seed: 3)
        for _ in 0..<5 {
            fields.shuffle(using: &generator)
            #expect(try digester.hash(WireReply.hash(fields)) == expected)
        }
    }

    @Test("of bytes that are no text is the one that older programs stored")
    func anyBytes() throws {
        let digest = try Digester().hash(WireReply.hash([([0, 255, 13, 10], [])]))
        #expect(digest == Digest(low: 0xf5be_103a_dae2_16d4, high: 0x042a_537d_ea20_dbd6))
    }

    @Test("of nothing is that of no fields")
    func nothing() throws {
        let digest = try Digester().hash(WireReply.parse("*0\r\n"))
        #expect(digest == Digest(low: 0xf6ce_c60f_c27a_ada1, high: 0x8f10_59da_9856_184a))
    }

    @Test("differs when a field, a value or the number of fields does, or when they change places")
    func differences() throws {
        let digester = try Digester()
        let hashes: [KeyValuePairs<String, String>] = [
            ["id": "a"], ["id": "b"], ["ie": "a"], ["a": "id"], ["id": "a", "x": ""], ["id": ""], ["": "id"],
            ["id": "a", "x": "y"], ["id": "y", "x": "a"], ["ID": "a"], ["id": "a "], ["id": "a\0"],
        ]
        let digests = try hashes.map { try digester.hash(WireReply.hash($0)) }
        #expect(Set(digests).count == hashes.count)
    }

    @Test("tells where a field ends and its value begins")
    func lengths() throws {
        let digester = try Digester()
        let digests = try [["ab": "c"], ["a": "bc"], ["abc": ""], ["": "abc"]]
            .map { try digester.hash(WireReply.hash($0)) }
        #expect(Set(digests).count == 4)
    }

    @Test("is the same from one digester used many times and from a new one")
    func reused() throws {
        let digester = try Digester()
        let first = try digester.hash(WireReply.hash(["a": "b"]))
        _ = digester.nameDigest(Bytes("x"))
        _ = try digester.hash(WireReply.hash(["c": "d"]))
        #expect(try digester.hash(WireReply.hash(["a": "b"])) == first)
        #expect(try Digester().hash(WireReply.hash(["a": "b"])) == first)
    }

    @Test(
        "of a name is the first eight bytes of its SHA-256",
        arguments: [
            ([], 0x141c_fc98_42c4_b0e3),
            (Bytes("tenant:a"), 0x10c8_dd26_a8e3_a317),
            ([0xFF, 0x00], 0xe987_d196_95bf_5dea),
        ] as [(Bytes, UInt64)]
    )
    func names(name: Bytes, digest: UInt64) throws {
        #expect(try Digester().nameDigest(name) == digest)
    }
}
