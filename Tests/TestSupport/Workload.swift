import RedisClient

/// Several writers at work at once, each on keys of its own; and afterwards what each key may be.
package struct Workload: Sendable {
    private let bell: Flag
    private let tasks: [Task<RecordWriter.Model, Never>]
    /// What they have done.
    package let history: OperationHistory

    /// Starts one writer a model.
    package static func start(
        _ models: [RecordWriter.Model],
        seed: UInt64,
        history: OperationHistory,
        usesOldNames: Bool,
        removals: Int,
        connect: @escaping @Sendable () async throws -> RedisConnection
    ) -> Workload {
        let bell = Flag()
        let tasks = models.enumerated().map { number, model in
            let writer = RecordWriter(
                number: number,
                seed: seed,
                history: history,
                usesOldNames: usesOldNames,
                removals: removals,
                connect: connect
            )
            return Task {
                var writer = writer
                return await writer.write(model, until: bell)
            }
        }
        return Workload(bell: bell, tasks: tasks, history: history)
    }

    /// Ends the writers, and gives what each key may be.
    package func end() async -> [RecordWriter.Model] {
        bell.raise()
        var models: [RecordWriter.Model] = []
        for task in tasks { models.append(await task.value) }
        return models
    }

    /// The records of some of a keyspace's tenants, one tenant a writer, with keys of other types and no migration's.
    package static func models(of snapshot: Snapshot, tenants: [String]) -> [RecordWriter.Model] {
        tenants.enumerated().map { number, tenant in
            var model: RecordWriter.Model = [:]
            for (name, record) in snapshot.records where name == tenant || name.hasPrefix(tenant + ":") {
                let pairs = record.content.map { field in
                    let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
                    return (parts[0], parts.count > 1 ? parts[1] : "")
                }
                model[name] = [
                    OwnedRecord(.hash(Dictionary(pairs) { $1 }), expiry: record.expiry)
                ]
            }
            return model.merging(foreign(number)) { $1 }
        }
    }

    /// Keys that no migration may touch, of every other type.
    private static func foreign(_ writer: Int) -> RecordWriter.Model {
        [
            "app:\(writer):string": [OwnedRecord(.string("0"))],
            "app:\(writer):list": [OwnedRecord(.list(["a"]))],
            "app:\(writer):set": [OwnedRecord(.set(["a"]))],
            "app:\(writer):sorted": [OwnedRecord(.sorted(["a": 1]))],
            "app:\(writer):stream": [OwnedRecord(.stream([1]))],
        ]
    }

    /// The commands that make the keys that are no migration's.
    package static func foreignCommands(writers: Int) -> [[String]] {
        (0..<writers).flatMap { writer in
            [
                ["SET", "app:\(writer):string", "0"], ["RPUSH", "app:\(writer):list", "a"],
                ["SADD", "app:\(writer):set", "a"], ["ZADD", "app:\(writer):sorted", "1", "a"],
                ["XADD", "app:\(writer):stream", "1-1", "n", "1"],
            ]
        }
    }
}
