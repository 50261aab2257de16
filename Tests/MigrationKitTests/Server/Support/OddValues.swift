import MigrationKit
import RedisClient

/// Values with all that a value may hold: no bytes, any bytes, many elements, numbers at their edges.
struct OddValues: Sendable {
    var type: ValueType
    /// The elements: of hashes fields and values in turn, of sorted sets scores and members, of streams ids and values.
    var elements: [Bytes]

    private static let odd: [Bytes] = [
        [], [0], [0, 255, 13, 10], Bytes("$5\r\n"), Bytes("ünï"), Bytes("42"), Bytes("-1"),
    ]

    /// Some of each type.
    static let all =
        odd.map { OddValues(type: .string, elements: [$0]) }
        + [
            OddValues(type: .string, elements: [Bytes(repeating: 7, count: 1 << 20)]),
            OddValues(type: .list, elements: odd + odd),
            OddValues(type: .set, elements: odd),
            OddValues(type: .set, elements: [Bytes("1"), Bytes("-9223372036854775808"), Bytes("9223372036854775807")]),
            OddValues(type: .sortedSet, elements: zip(scores, odd).flatMap { [Bytes($0), $1] }),
            OddValues(type: .hash, elements: odd.flatMap { [$0, Bytes(repeating: 1, count: 100) + $0] }),
            OddValues(type: .hash, elements: odd.flatMap { [$0, $0] }),
            OddValues(type: .stream, elements: odd.enumerated().flatMap { [Bytes("\($0 + 1)-7"), $1] }),
        ]
        + ValueType.allCases.map { large($0, count: $0 == .hash ? 100_000 : 10_000) }

    private static let scores = ["inf", "-inf", "-0", "0.1", "1e308", "-4.9e-324", "12345678901234567"]

    /// A value of so many elements, or bytes.
    static func large(_ type: ValueType, count: Int) -> OddValues {
        let numbers = (0..<count).map { Bytes("e\($0)") }
        switch type {
        case .string: return OddValues(type: type, elements: [Bytes(repeating: 65, count: count)])
        case .list, .set: return OddValues(type: type, elements: numbers)
        case .hash: return OddValues(type: type, elements: numbers.flatMap { [$0, Bytes("v") + $0] })
        case .sortedSet:
            return OddValues(type: type, elements: numbers.enumerated().flatMap { [Bytes("\(Double($0) / 7)"), $1] })
        case .stream:
            return OddValues(type: type, elements: numbers.enumerated().flatMap { [Bytes("\($0 + 1)-0"), $1] })
        }
    }

    /// Makes the key.
    static func write(_ value: OddValues, to key: String, on connection: RedisConnection) async throws {
        let key = Bytes(key)
        var commands = CommandBuffer()
        for start in stride(from: 0, to: value.elements.count, by: 1000) {
            let part = Array(value.elements[start..<min(start + 1000, value.elements.count)])
            switch value.type {
            case .string: commands.append("SET", [key] + part)
            case .list: commands.append("RPUSH", [key] + part)
            case .set: commands.append("SADD", [key] + part)
            case .sortedSet: commands.append("ZADD", [key] + part)
            case .hash: commands.append("HSET", [key] + part)
            case .stream:
                for index in stride(from: 0, to: part.count, by: 2) {
                    commands.append("XADD", key, part[index], Bytes("f"), part[index + 1], part[index + 1], [])
                }
            }
        }
        _ = try await connection.pipeline(commands).unlessError()
    }

    /// What a key holds, byte by byte; without an order of its own, sorted.
    static func read(_ type: ValueType, from key: String, on connection: RedisConnection) async throws -> [Bytes] {
        let key = Bytes(key)
        switch type {
        case .string: return [try await connection.send("GET", key).bytes ?? []]
        case .list: return flat(try await connection.send("LRANGE", key, Bytes("0"), Bytes("-1")))
        case .set: return sorted(flat(try await connection.send("SMEMBERS", key)), by: 1)
        case .sortedSet:
            return flat(try await connection.send("ZRANGE", key, Bytes("0"), Bytes("-1"), Bytes("WITHSCORES")))
        case .hash: return sorted(flat(try await connection.send("HGETALL", key)), by: 2)
        case .stream: return flat(try await connection.send("XRANGE", key, Bytes("-"), Bytes("+")))
        }
    }

    private static func flat(_ reply: Reply) -> [Bytes] {
        reply.kind == .array ? reply.elements.flatMap(flat) : [reply.bytes ?? []]
    }

    private static func sorted(_ elements: [Bytes], by width: Int) -> [Bytes] {
        stride(from: 0, to: elements.count, by: width).map { $0..<$0 + width }
            .sorted { elements[$0.lowerBound].lexicographicallyPrecedes(elements[$1.lowerBound]) }
            .flatMap { elements[$0] }
    }
}
