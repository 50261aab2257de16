import MigrationKit
import RedisClient

@testable import Migrations

/// The records of a keyspace as far as names depend on them: which hashes there are, and what their `id` says.
struct Records {
    /// The `id` of each hash; nil for a hash that has none, such as a summary.
    var hashes: [Bytes: Bytes?] = [:]
    let moves = HashTagMoves(root: Bytes("tenant:"))

    init(_ records: KeyValuePairs<String, String?> = [:]) {
        for (name, id) in records { add(Bytes(name), id: id.map { Bytes($0) }) }
    }

    mutating func add(_ name: Bytes, id: Bytes?) {
        hashes[name] = .some(id)
    }

    /// What a name is, asked as a walk asks: by name, and then by the fields that the migration wants to see.
    func read(_ name: Bytes) -> NameVerdict {
        switch moves.match(name) {
        case .unrelated: return .unrelated
        case .certain(let reading): return .reading(reading)
        case .open(let questions): return moves.decide(name, answers: questions.map(answer))
        }
    }

    func read(_ name: String) -> NameVerdict { read(Bytes(name)) }

    /// The same for a test to which evidence is as good as proof.
    func mostLikely(_ name: Bytes) -> NameVerdict {
        guard case .likely(let reading, _, _) = read(name) else { return read(name) }
        return .reading(reading)
    }

    private func answer(_ question: FieldQuestion) -> Bytes? {
        question.field == Bytes("id") ? hashes[question.key] ?? nil : nil
    }
}

/// The old and new names of one record, made from its ids as the application makes them.
enum Outpost {
    static func tenant(_ id: Bytes) -> KeyMove {
        KeyMove(
            kind: "tenant",
            source: Bytes("tenant:") + id,
            destination: Bytes("tenant:{") + id + Bytes("}:tenant")
        )
    }

    static func summary(_ id: Bytes) -> KeyMove {
        KeyMove(
            kind: "summary",
            source: Bytes("tenant:") + id + Bytes(":destinations"),
            destination: Bytes("tenant:{") + id + Bytes("}:destinations")
        )
    }

    static func destination(_ tenant: Bytes, _ id: Bytes) -> KeyMove {
        KeyMove(
            kind: "destination",
            source: Bytes("tenant:") + tenant + Bytes(":destination:") + id,
            destination: Bytes("tenant:{") + tenant + Bytes("}:destination:") + id
        )
    }

    static func tenant(_ id: String) -> KeyMove { tenant(Bytes(id)) }
    static func summary(_ id: String) -> KeyMove { summary(Bytes(id)) }
    static func destination(_ tenant: String, _ id: String) -> KeyMove { destination(Bytes(tenant), Bytes(id)) }
}
