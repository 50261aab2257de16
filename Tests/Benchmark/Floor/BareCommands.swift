import CReplay
import TestSupport

/// The least that Redis must be asked for a piece of work, without any of what makes it safe: no proof, no fence, no
/// ledger, no look before the write.
extension Tenants {
    /// How many commands wait for their replies together.
    private static let pipeline = 100

    /// A COPY for every key from its old name to its new one, tenant by tenant.
    func copies() -> Recording {
        copies(inOrder: 0..<4 * count)
    }

    /// The same in an order that has nothing to do with that in which the keys were made, as SCAN has none.
    func copiesInRandomOrder() -> Recording {
        var generator = SplitMix64(seed: 1)
        return copies(inOrder: (0..<4 * count).shuffled(using: &generator))
    }

    private func copies(inOrder keys: some Sequence<Int>) -> Recording {
        var stream = CommandStream(pipeline: Self.pipeline)
        for key in keys {
            let id = Self.id(key / 4)
            switch key % 4 {
            case 0: stream.append("COPY", "tenant:\(id)", "tenant:{\(id)}:tenant")
            case 1: stream.append("COPY", "tenant:\(id):destinations", "tenant:{\(id)}:destinations")
            case let which:
                let end = "destination:d\(id)\(which == 2 ? "a" : "b")"
                stream.append("COPY", "tenant:\(id):\(end)", "tenant:{\(id)}:\(end)")
            }
        }
        return stream.recording()
    }

    /// An HMGET of the two timestamps of every record, and an HSET of two numbers.
    func timestamps() -> Recording {
        rewrites(reading: ["created_at", "updated_at"]) { _ in
            ["created_at", "1767323045123", "updated_at", "1770087846123"]
        }
    }

    /// An HMGET of the kind of every record, and an HSET of it.
    func entities() -> Recording {
        rewrites(reading: ["entity"]) { ["entity", $0] }
    }

    private func rewrites(reading fields: [String], writing values: (_ kind: String) -> [String]) -> Recording {
        var stream = CommandStream(pipeline: Self.pipeline)
        let tenantsAtOnce = Self.pipeline / 3
        for start in stride(from: 0, to: count, by: tenantsAtOnce) {
            let records = (start..<min(count, start + tenantsAtOnce)).flatMap(Self.records)
            for record in records { stream.append(["HMGET", record.key] + fields) }
            stream.endPipeline()
            for record in records { stream.append(["HSET", record.key] + values(record.kind)) }
            stream.endPipeline()
        }
        return stream.recording()
    }

    private static func records(_ number: Int) -> [(key: String, kind: String)] {
        let id = id(number)
        let destinations = ["a", "b"].map { "tenant:{\(id)}:destination:d\(id)\($0)" }
        return [("tenant:{\(id)}:tenant", "tenant")] + destinations.map { ($0, "destination") }
    }
}
