import RedisClient
import Testing

@testable import MigrationKit

@Suite("A hash whose fields may end")
struct HashContentTests {
    private static let end = 4_102_444_800_123 as Int64

    private func content(_ ends: [Int64], names: [String], horizon: Int64 = 0) throws -> HashContent? {
        let reply = try WireReply.hash(["id": "a", "k": "v"])
        let numbers = try WireReply.parse("*\(ends.count)\r\n" + ends.map { ":\($0)\r\n" }.joined())
        return HashContent(reply, ends: numbers, of: names.map { Bytes($0) }, horizon: horizon)
    }

    // Computed by another program from the format that `Digester` documents.
    @Test("has the digest that older programs stored, in any order")
    func pinned() throws {
        let digester = try Digester()
        let expected = Digest(low: 0x9f47_143a_a60e_e942, high: 0xfe27_9aea_711c_20ce)
        let one = try #require(try content([-1, Self.end], names: ["id", "k"]))
        #expect(digester.hash(one) == expected)
        let other = try #require(try content([Self.end, -1], names: ["k", "id"]))
        #expect(digester.hash(other) == expected)
        // What was asked for and is not there any more does not matter.
        let more = try #require(try content([-2, -1, Self.end], names: ["x", "id", "k"]))
        #expect(digester.hash(more) == expected)
    }

    @Test("has the digest of one whose fields do not, where none does")
    func noEnds() throws {
        let digester = try Digester()
        let plain = digester.hash(try WireReply.hash(["id": "a", "k": "v"]))
        let asked = try #require(try content([-1, -1], names: ["id", "k"]))
        #expect(digester.hash(asked) == plain)
    }

    @Test("is without the fields that have ended, or are about to")
    func ended() throws {
        let digester = try Digester()
        let one = digester.hash(try WireReply.hash(["id": "a"]))
        let gone = try #require(try content([-1, -2], names: ["id", "k"]))
        #expect(digester.hash(gone) == one && gone.fields.count == 1)
        let going = try #require(try content([-1, Self.end], names: ["id", "k"], horizon: Self.end))
        #expect(digester.hash(going) == one && going.fields.count == 2)
        let staying = try #require(try content([-1, Self.end], names: ["id", "k"], horizon: Self.end - 1))
        #expect(digester.hash(staying) != one)
    }

    @Test("is unknown where a field was not asked for", arguments: [[], ["id"], ["k"], ["x", "y"], ["id", "x", "y"]])
    func unasked(names: [String]) throws {
        #expect(try content(names.map { _ in -1 }, names: names) == nil)
    }

    @Test("keeps the ends of the fields that are written")
    func writes() throws {
        var hash = try #require(try content([-1, Self.end], names: ["id", "k"]))
        let changes = ["id", "k", "new"].map { FieldChange(field: Bytes($0), value: Bytes("w")) }
        let write = hash.write(changes)
        #expect(write.ends.map(\.field) == [Bytes("k")] && write.ends.map(\.end) == [Self.end])
        #expect(write.commandCount == 2)
        hash.apply(changes)
        #expect(hash.fields.map(\.end) == [nil, Self.end, nil])
    }

    @Test(
        "is looked for where INFO tells of one, or does not tell",
        arguments: [
            ("# Keyspace\r\n", false), ("# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n", false),
            ("# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,subexpiry=1\r\n", true),
            ("# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,subexpiry=10\r\n", true),
            ("db0:keys=1,subexpiry=0\r\ndb3:keys=1,subexpiry=2\r\n", true),
            ("db0:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=0\r\n", false),
            ("db0:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=7\r\n", true),
            ("db0:keys=1,expires=0,avg_ttl=0\r\n", true),
        ]
    )
    func info(text: String, mayHave: Bool) throws {
        #expect(try LookHeader.mayHaveFieldEnds(WireReply.string(Bytes(text))) == mayHave)
    }
}
