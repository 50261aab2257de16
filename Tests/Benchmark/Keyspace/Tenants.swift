import RedisClient
import TestSupport

/// The keyspace that is measured: that of `deploy/keyspace` without what is odd in it, four keys a tenant.
struct Tenants: Sendable {
    /// How many tenants.
    let count: Int

    /// As many tenants as make so many keys.
    init(keys: Int) {
        count = max(1, keys / 4)
    }

    /// How many keys they have.
    var keys: Int { count * 4 }

    /// Makes the keyspace of version 0 on an empty server, in pieces that fit into memory.
    func load(into server: RedisServer) throws {
        for start in stride(from: 0, to: count, by: 25_000) {
            var stream = CommandStream(pipeline: 500)
            for number in start..<min(count, start + 25_000) {
                for words in Self.commands(number) { stream.append(words) }
            }
            guard try Replay.run(stream.recording(), on: server.socketPath).errors == 0 else {
                throw TestSupportError("The keyspace could not be loaded.")
            }
        }
        guard try PlainClient(server).send("DBSIZE") == ":\(keys)\r\n" else {
            throw TestSupportError("The keyspace was not loaded whole.")
        }
    }

    /// Makes the keyspace of version 0 in an empty cluster.
    func load(into cluster: ClusterServers) async throws {
        for start in stride(from: 0, to: count, by: 5000) {
            let commands = (start..<min(count, start + 5000)).flatMap(Self.commands)
            try await cluster.load(commands.map { $0.map { Bytes($0) } })
        }
    }

    private static func commands(_ number: Int) -> [[String]] {
        let id = id(number)
        var commands = [
            ["HSET", "tenant:\(id)", "id", id] + stamps(number),
            [
                "HSET", "tenant:\(id):destinations",
                "d\(id)a", #"{"type":"webhook","topics":["order.created","order.paid"]}"#,
                "d\(id)b", #"{"type":"rabbitmq","topics":["*"]}"#,
            ],
        ]
        for letter in ["a", "b"] {
            var config = #"{"url":"https://example.com/hooks/d\#(id)\#(letter)""#
            // Redis stores a hash in another way when a value has more than 64 bytes.
            if letter == "b" { config += #","note":"\#(String(repeating: "0123456789", count: 8))""# }
            commands.append(
                [
                    "HSET", "tenant:\(id):destination:d\(id)\(letter)", "id", "d\(id)\(letter)",
                    "type", letter == "a" ? "webhook" : "rabbitmq",
                    "topics", letter == "a" ? #"["order.created","order.paid"]"# : #"["*"]"#,
                    "config", config + "}",
                ] + stamps(number)
            )
        }
        return commands
    }

    private static func stamps(_ number: Int) -> [String] {
        let minute = padded(number % 60, 2)
        let fraction = padded(number * 7919 % 1_000_000, 6)
        return [
            "created_at", "2026-01-02T03:\(minute):05.\(fraction)Z",
            "updated_at", "2026-02-03T04:\(minute):06.\(fraction)789+02:00",
        ]
    }

    static func id(_ number: Int) -> String { "t" + padded(number, 7) }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
