/// What one key holds, as an application knows it: enough of each type to change it and to compare it.
package enum RecordValue: Sendable, Equatable {
    case string(String)
    case hash([String: String])
    case list([String])
    case set(Set<String>)
    case sorted([String: Int])
    /// The entries' numbers; each has one field.
    case stream([Int])

    /// The same as a snapshot has it.
    func record(expiry: Int64) -> Snapshot.Record {
        switch self {
        case .string(let text): Snapshot.Record(type: "string", content: [text], expiry: expiry)
        case .hash(let fields):
            Snapshot.Record(type: "hash", content: fields.map { "\($0)=\($1)" }.sorted(), expiry: expiry)
        case .list(let elements): Snapshot.Record(type: "list", content: elements, expiry: expiry)
        case .set(let members): Snapshot.Record(type: "set", content: members.sorted(), expiry: expiry)
        case .sorted(let scores):
            Snapshot.Record(
                type: "zset",
                content: scores.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.flatMap { [$0.key, "\($0.value)"] },
                expiry: expiry
            )
        case .stream(let numbers):
            Snapshot.Record(type: "stream", content: numbers.flatMap { ["\($0)-1", "n", "\($0)"] }, expiry: expiry)
        }
    }
}

/// A key as an application left it.
package struct OwnedRecord: Sendable, Equatable {
    package var value: RecordValue
    /// Absolute milliseconds; −1 for none.
    package var expiry: Int64 = -1

    /// A record without an end, unless one is given.
    package init(_ value: RecordValue, expiry: Int64 = -1) {
        self.value = value
        self.expiry = expiry
    }

    /// The same as a snapshot has it.
    package var asSnapshot: Snapshot.Record { value.record(expiry: expiry) }
}
