import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// Equal values in different encodings: DUMP tells them apart, the digest does not.
@Suite("Encodings of equal values")
struct EncodingTests {
    /// One value, made under settings that make the server keep it in different ways.
    struct Case: Sendable, CustomTestStringConvertible {
        var type: ValueType
        var name: String
        var compact: [String]
        var loose: [String]
        /// What OBJECT ENCODING may say of the second.
        var looseEncodings: Set<String>

        var testDescription: String { "\(type.rawValue): \(name)" }
    }

    static let cases = [
        Case(
            type: .string,
            name: "an integer and text",
            compact: ["SET KEY 12345"],
            loose: ["SET KEY 1234", "APPEND KEY 5"],
            looseEncodings: ["raw"]
        ),
        Case(
            type: .list,
            name: "one node and many",
            compact: ["RPUSH KEY a b c 1 2 3"],
            loose: ["CONFIG SET list-max-ziplist-size 1", "RPUSH KEY a b c 1 2 3"],
            looseEncodings: ["quicklist"]
        ),
        Case(
            type: .set,
            name: "integers and a table",
            compact: ["SADD KEY 3 1 2"],
            loose: ["CONFIG SET set-max-intset-entries 0", "SADD KEY 1 2 3 x", "SREM KEY x"],
            looseEncodings: ["hashtable", "listpack"]
        ),
        Case(
            type: .sortedSet,
            name: "a pack and a skip list",
            compact: ["ZADD KEY 1 a 1 b 2.5 c -inf d +inf e 0.1 f 12345678901234567 g"],
            loose: [
                "CONFIG SET zset-max-ziplist-entries 0",
                "ZADD KEY +inf e 0.1 f 2.5 c 1 b 1 a 12345678901234567 g -inf d",
            ],
            looseEncodings: ["skiplist"]
        ),
        Case(
            type: .sortedSet,
            name: "zeros with and without a sign",
            compact: ["ZADD KEY -0 a 0 b -0.0 c"],
            loose: ["CONFIG SET zset-max-ziplist-entries 0", "ZADD KEY -0 b 0 a -0.0 c"],
            looseEncodings: ["skiplist"]
        ),
        Case(
            type: .hash,
            name: "a pack and a table",
            compact: ["HSET KEY a 1 b 2 c 3"],
            loose: ["CONFIG SET hash-max-ziplist-entries 0", "HSET KEY c 3 b 2 a 1"],
            looseEncodings: ["hashtable"]
        ),
        Case(
            type: .stream,
            name: "one node and many, with deleted entries between",
            compact: ["XADD KEY 1-1 a 1", "XADD KEY 1-2 a 2", "XADD KEY 1-3 b 3"],
            loose: [
                "CONFIG SET stream-node-max-entries 1", "XADD KEY 0-1 a 1", "XADD KEY 1-1 a 1", "XADD KEY 1-2 a 2",
                "XADD KEY 1-3 b 3", "XDEL KEY 0-1",
            ],
            looseEncodings: ["stream"]
        ),
    ]

    @Test("have one digest, also once they were copied, dumped and restored", arguments: cases)
    func equal(one: Case) async throws {
        try await withBench { bench in
            for command in one.compact { try await bench.send(command.replacing("KEY", with: "a")) }
            for command in one.loose { try await bench.send(command.replacing("KEY", with: "b")) }
            let encoding = try await bench.send("OBJECT ENCODING b").text ?? ""
            #expect(one.looseEncodings.contains(encoding))
            let dumps = try await ["a", "b"].asyncMap { try await bench.send("DUMP \($0)").bytes }
            // RDB has one form for all strings; a list's nodes and a sorted set's zeros are told apart there.
            #expect(dumps[0] != dumps[1] || one.type == .string)
            try await bench.send("COPY b c")
            // As the server would do after a restart with other settings.
            for setting in ["list-max-ziplist-size -2", "set-max-intset-entries 512", "zset-max-ziplist-entries 128"] {
                try await bench.send("CONFIG SET \(setting)")
            }
            try await bench.send("CONFIG SET hash-max-ziplist-entries 128")
            _ = try await bench.connection.send("RESTORE", Bytes("d"), Bytes("0"), try #require(dumps[1]))
            let digests = try await ["a", "b", "c", "d"].asyncMap {
                try await bench.side(of: Bytes($0), one.type)?.content
            }
            #expect(digests[0] != nil && Set(digests).count == 1, "\(digests)")
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var all: [T] = []
        for one in self { all.append(try await body(one)) }
        return all
    }
}
