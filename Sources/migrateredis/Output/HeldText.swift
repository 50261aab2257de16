import FoundationEssentials
import MigrationKit
import Reconciler
import RedisClient

/// A key that is held back with what both sides are now, as people and as programs read it.
struct HeldText: Sendable {
    let keyspace: any Keyspace
    let terminal: Terminal
    let form: OutputOption.Format

    /// Writes a page of held keys.
    func write(_ keys: [HeldKey]) async throws {
        for key in keys where key.hasLongName {
            switch form {
            case .text: terminal.print("\(key.reason)  \(Self.name(key.key))")
            case .json: terminal.print(try Self.json(key))
            }
        }
        let keys = keys.filter { !$0.hasLongName }
        let sides = try await SideSummary.read(
            keys.flatMap { [$0.key] + ($0.destination.map { [$0] } ?? []) },
            on: keyspace
        )
        var next = 0
        for key in keys {
            let source = sides[next]
            let destination = key.destination == nil ? nil : sides[next + 1]
            next += key.destination == nil ? 1 : 2
            switch form {
            case .text: for line in Self.lines(key, source, destination) { terminal.print(line) }
            case .json: terminal.print(try Self.json(key, source, destination))
            }
        }
    }

    static func lines(_ key: HeldKey, _ source: SideSummary, _ destination: SideSummary?) -> [String] {
        guard let name = key.destination, let destination else {
            let stored = key.stored.map {
                ["    \(KeyText.escaped($0.field, limit: 40)) is “\(KeyText.escaped($0.value, limit: 40))”"]
            }
            return ["\(key.reason)  \(KeyText.escaped(key.key, limit: .max))", "    \(source.text)"] + (stored ?? [])
        }
        var lines = [
            "\(key.reason)  \(KeyText.escaped(key.key, limit: .max))", "    source       \(source.text)",
            "    destination  \(destination.text)  \(KeyText.escaped(name, limit: .max))",
        ]
        let differing = source.differing(from: destination)
        if !differing.isEmpty { lines.append("    differ in    \(differing.joined(separator: ", "))") }
        return lines
    }

    /// The beginning of a name that nobody types, and how long it is.
    private static func name(_ key: Bytes) -> String {
        "\(KeyText.escaped(key)) (\(Wording.bytes(key.count)))"
    }

    private static func json(_ key: HeldKey) throws -> String {
        try json(Record(reason: key.reason, key: name(key.key)))
    }

    static func json(_ key: HeldKey, _ source: SideSummary, _ destination: SideSummary?) throws -> String {
        let record = Record(
            reason: key.reason,
            key: KeyText.escaped(key.key, limit: .max),
            destination: key.destination.map { KeyText.escaped($0, limit: .max) },
            field: key.stored.map { KeyText.escaped($0.field, limit: .max) },
            keyIs: source.record,
            destinationIs: destination?.record,
            differing: destination.map { source.differing(from: $0) }
        )
        return try json(record)
    }

    private static func json(_ record: Record) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return SafeText.json(String(decoding: try encoder.encode(record), as: UTF8.self))
    }

    private struct Record: Encodable {
        var reason: String
        var key: String
        var destination: String?
        var field: String?
        var keyIs: SideSummary.Record?
        var destinationIs: SideSummary.Record?
        var differing: [String]?

        enum CodingKeys: String, CodingKey {
            case reason, key, destination, field, differing
            case keyIs = "key_is"
            case destinationIs = "destination_is"
        }
    }
}
