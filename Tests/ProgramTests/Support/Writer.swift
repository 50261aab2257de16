import Foundation
import RedisClient
import Synchronization
import TestSupport

/// An application's instance: writes its own records one after the other, and remembers what the server acknowledged.
struct Writer: Sendable {
    /// What a record was when its last write was acknowledged; nil once it was deleted.
    typealias Model = [String: Record?]

    struct Record: Sendable, Equatable {
        var fields: [String: String]
        var expiry: Int64 = -1

        /// The same as a snapshot has it.
        var asSnapshot: Snapshot.Record {
            Snapshot.Record(type: "hash", content: fields.map { "\($0)=\($1)" }.sorted(), expiry: expiry)
        }
    }

    /// Tells writers when to end.
    final class Bell: Sendable {
        private let rung = Mutex(false)
        var isRung: Bool { rung.withLock { $0 } }
        func ring() { rung.withLock { $0 = true } }
    }

    let keyspace: any RedisClient.Keyspace
    /// Whether the names are old ones: then nothing is deleted for good once verify may have looked.
    let usesOldNames: Bool
    /// How many more records it may make.
    var creations: [String]
    /// How many records it may delete for good.
    var deletions = 1

    /// Writes until the bell rings, and gives what must be there then.
    mutating func write(_ model: Model, until bell: Bell) async throws -> Model {
        var model = model
        let names = model.keys.sorted()
        var number = 0
        while !bell.isRung {
            number += 1
            guard let name = names.randomElement() else { break }
            try await change(name, number, in: &model)
            if number.isMultiple(of: 20), let new = creations.popLast() { try await create(new, in: &model) }
            try await Task.sleep(for: .milliseconds(Int64.random(in: 2...8)))
        }
        await keyspace.close()
        return model
    }

    private mutating func change(_ name: String, _ number: Int, in model: inout Model) async throws {
        guard var record = model[name] ?? nil else { return }
        switch Int.random(in: 0..<12) {
        case 0:
            record.expiry = Keyspace.expiry + Int64(number)
            try await send(["PEXPIREAT", name, String(record.expiry)])
        case 1:
            record.expiry = -1
            try await send(["PERSIST", name])
        case 2:
            record.fields["note"] = nil
            try await send(["HDEL", name, "note"])
        case 3:
            // Away, and back as another record of the same name.
            record = Record(fields: ["id": record.fields["id"] ?? "", "again": String(number)])
            try await send(["UNLINK", name])
            try await send(["HSET", name] + record.fields.flatMap { [$0, $1] })
        case 4 where deletions > 0:
            guard try await delete(name) else { return }
            deletions -= 1
            model[name] = .some(nil)
            return
        default:
            record.fields["note"] = "\(number)"
            record.fields["padding"] = String(repeating: "x", count: number % 90)
            try await send(["HSET", name, "note", "\(number)", "padding", record.fields["padding"] ?? ""])
        }
        model[name] = record
    }

    private func create(_ name: String, in model: inout Model) async throws {
        try await send(["HSET", name, "id", name])
        model[name] = Record(fields: ["id": name])
    }

    /// Deletes for good; by an old name only while verify has certainly not looked at it yet.
    private func delete(_ name: String) async throws -> Bool {
        guard usesOldNames else {
            try await send(["UNLINK", name])
            return true
        }
        let state = "outpost:migration:001_hash_tags:state"
        // State and record are in two slots of a cluster, and no WATCH spans both.
        guard !keyspace.isCluster else { return false }
        let connection = try await keyspace.connection(for: Bytes(name))
        try await send(["WATCH", state])
        let text = try await connection.send("GET", state).text
        guard text == nil || text?.contains("\"phase\":\"applying\"") == true else {
            try await send(["UNWATCH"])
            return false
        }
        var commands = CommandBuffer()
        commands.append("MULTI")
        commands.append("UNLINK", name)
        commands.append("EXEC")
        return try await !connection.pipeline(commands).unlessError()[2].isNull
    }

    private func send(_ words: [String]) async throws {
        var commands = RoutedCommands(for: keyspace)
        commands.add(for: words.count > 1 ? Bytes(words[1]) : []) { $0.append(words: words) }
        _ = try await keyspace.pipeline(commands).unlessError()
    }
}
