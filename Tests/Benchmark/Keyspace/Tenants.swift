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

    /// The commands that make the keyspace of version 0, in pieces that fit into memory.
    func load(_ send: (Recording) throws -> Void) rethrows {
        for start in stride(from: 0, to: count, by: 25_000) {
            var stream = CommandStream(pipeline: 500)
            for number in start..<min(count, start + 25_000) { append(number, to: &stream) }
            try send(stream.recording())
        }
    }

    private func append(_ number: Int, to stream: inout CommandStream) {
        let id = Self.id(number)
        stream.append(["HSET", "tenant:\(id)", "id", id] + stamps(number))
        stream.append(
            "HSET",
            "tenant:\(id):destinations",
            "d\(id)a",
            #"{"type":"webhook","topics":["order.created","order.paid"]}"#,
            "d\(id)b",
            #"{"type":"rabbitmq","topics":["*"]}"#
        )
        for letter in ["a", "b"] {
            var config = #"{"url":"https://example.com/hooks/d\#(id)\#(letter)""#
            // Redis stores a hash in another way when a value has more than 64 bytes.
            if letter == "b" { config += #","note":"\#(String(repeating: "0123456789", count: 8))""# }
            stream.append(
                [
                    "HSET", "tenant:\(id):destination:d\(id)\(letter)", "id", "d\(id)\(letter)",
                    "type", letter == "a" ? "webhook" : "rabbitmq",
                    "topics", letter == "a" ? #"["order.created","order.paid"]"# : #"["*"]"#,
                    "config", config + "}",
                ] + stamps(number)
            )
        }
    }

    private func stamps(_ number: Int) -> [String] {
        let minute = Self.padded(number % 60, 2)
        let fraction = Self.padded(number * 7919 % 1_000_000, 6)
        return [
            "created_at", "2026-01-02T03:\(minute):05.\(fraction)Z",
            "updated_at", "2026-02-03T04:\(minute):06.\(fraction)789+02:00",
        ]
    }

    private static func id(_ number: Int) -> String { "t" + padded(number, 7) }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    // MARK: The bare commands

    /// A COPY for every key from its old name to its new one, and nothing else.
    func copies(pipeline: Int = 100) -> Recording {
        var stream = CommandStream(pipeline: pipeline)
        for number in 0..<count {
            let id = Self.id(number)
            stream.append("COPY", "tenant:\(id)", "tenant:{\(id)}:tenant")
            stream.append("COPY", "tenant:\(id):destinations", "tenant:{\(id)}:destinations")
            for letter in ["a", "b"] {
                let end = "destination:d\(id)\(letter)"
                stream.append("COPY", "tenant:\(id):\(end)", "tenant:{\(id)}:\(end)")
            }
        }
        return stream.recording()
    }
}
