/// One thing that an application does to a record: the commands for it, and what it makes of what is there.
package enum RecordChange: Sendable {
    case setField(String, String)
    case dropField(String)
    case increment(String)
    case expire(at: Int64)
    case persist
    /// Away and back, as a record of the same name, in one transaction.
    case recreate(OwnedRecord)
    /// Away and back as a string under the same name.
    case becomeString(String)
    case delete
    case setText(String)
    case push(String)
    case add(String)
    case score(String, Int)
    case append(Int)

    /// Whether the key is gone afterwards, or is no longer what migrations look for.
    var removes: Bool {
        switch self {
        case .delete, .becomeString: true
        default: false
        }
    }

    /// What to send.
    func commands(for key: String) -> [[String]] {
        switch self {
        case .setField(let field, let value): [["HSET", key, field, value]]
        case .dropField(let field): [["HDEL", key, field]]
        case .increment(let field): [["HINCRBY", key, field, "1"]]
        case .expire(let time): [["PEXPIREAT", key, String(time)]]
        case .persist: [["PERSIST", key]]
        case .recreate(let record):
            [["MULTI"], ["UNLINK", key]] + Self.creation(of: key, record) + [["EXEC"]]
        case .becomeString(let text): [["MULTI"], ["UNLINK", key], ["SET", key, text], ["EXEC"]]
        case .delete: [["UNLINK", key]]
        case .setText(let text): [["SET", key, text, "KEEPTTL"]]
        case .push(let element): [["RPUSH", key, element]]
        case .add(let member): [["SADD", key, member]]
        case .score(let member, let score): [["ZADD", key, String(score), member]]
        case .append(let number): [["XADD", key, "\(number)-1", "n", "\(number)"]]
        }
    }

    private static func creation(of key: String, _ record: OwnedRecord) -> [[String]] {
        guard case .hash(let fields) = record.value else { return [] }
        return [["HSET", key] + fields.flatMap { [$0, $1] }]
            + (record.expiry < 0 ? [] : [["PEXPIREAT", key, String(record.expiry)]])
    }

    /// What is there afterwards; the record's type fits.
    func result(on record: OwnedRecord?) -> OwnedRecord? {
        if case .recreate(let new) = self { return new }
        guard var record else { return nil }
        switch (self, record.value) {
        case (.setField(let field, let text), .hash(var fields)):
            fields[field] = text
            record.value = .hash(fields)
        case (.dropField(let field), .hash(var fields)):
            fields[field] = nil
            record.value = .hash(fields)
        case (.increment(let field), .hash(var fields)):
            fields[field] = String((fields[field].flatMap { Int($0) } ?? 0) + 1)
            record.value = .hash(fields)
        case (.expire(let time), _): record.expiry = time
        case (.persist, _): record.expiry = -1
        case (.becomeString(let text), _): return OwnedRecord(.string(text))
        case (.delete, _): return nil
        case (.setText(let text), _): record.value = .string(text)
        case (.push(let element), .list(let elements)): record.value = .list(elements + [element])
        case (.add(let member), .set(let members)): record.value = .set(members.union([member]))
        case (.score(let member, let score), .sorted(var scores)):
            scores[member] = score
            record.value = .sorted(scores)
        case (.append(let number), .stream(let numbers)): record.value = .stream(numbers + [number])
        default: break
        }
        return record
    }
}
