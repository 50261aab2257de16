import RedisClient

/// Reads of strings of the bookkeeping at one look, each to a bound: whoever may write them could make them of any size.
///
/// GETRANGE answers the same to an empty string and to none. So one EXISTS goes along, which counts those that are there;
/// where that differs from those that have a byte, the others are asked for once more. Usually it does not.
struct BookkeepingReads {
    /// No document of ours is longer.
    static let mostBytes = 1 << 20

    /// What is said of a longer one, as the end of a sentence.
    static let excess = "is longer than 1 MiB, as no document of these programs is"

    private let keys: [Bytes]
    private let first: Int

    /// Adds the reads of these keys to a pipeline that has so many commands.
    init(_ keys: [Bytes], behind count: Int, in commands: inout RoutedCommands) {
        self.keys = keys
        first = count
        for key in keys { commands.add(for: key) { Self.ask(key, in: &$0) } }
        if commands.isRouted {
            for key in keys { commands.append("EXISTS", key) }
        } else {
            commands.add(for: []) { $0.append("EXISTS", keys) }
        }
    }

    /// How many replies they have.
    static func replyCount(of keys: Int, isCluster: Bool) -> Int { isCluster ? 2 * keys : keys + 1 }

    /// The values in the order of the keys, null for those that are not there; errors such as WRONGTYPE stand as they are.
    func values(in replies: Replies, on keyspace: any Keyspace) async throws -> [Reply] {
        var values = Array(replies[first..<first + keys.count])
        let counts = replies[
            (first + keys.count)..<(first + Self.replyCount(of: keys.count, isCluster: keyspace.isCluster))
        ]
        let present = try counts.reduce(0) { Bounded.sum([$0, try $1.bounded("EXISTS") ?? 0]) }
        let empty = values.indices.filter { values[$0].equals([]) }
        if present == values.count - empty.count {
            for index in empty { values[index] = .null }
        } else if !empty.isEmpty {
            var again = RoutedCommands(for: keyspace)
            for index in empty { again.append("GET", keys[index]) }
            for (index, value) in zip(empty, try await keyspace.pipeline(again)) { values[index] = value }
        }
        return values
    }

    /// Adds the read of one key that is told apart from none by other means.
    static func ask(_ key: Bytes, in commands: inout CommandBuffer) {
        commands.append("GETRANGE", key, Bytes("0"), Bytes(decimal: mostBytes))
    }
}
