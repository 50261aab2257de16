import Foundation
import RedisClient

/// An instance of an application: writes its own records, and knows of each what it may be.
///
/// One key belongs to one writer, so what a key may be follows from the writer's own operations. A key with an operation
/// of which nobody knows whether it was done is written no more: it is one of two things from then on, whenever that
/// operation takes effect.
package struct RecordWriter: Sendable {
    /// What a key may be: one thing, or two where an outcome is unknown. A key that may be absent has nil among them.
    package typealias Model = [String: [OwnedRecord?]]

    /// Reaches the server, and gives up soon: an application does not wait for ever.
    let connect: @Sendable () async throws -> RedisConnection
    let history: OperationHistory
    let number: Int
    /// Whether removals must wait for apply: an old key that goes after verify has looked leaves its copy behind.
    let usesOldNames: Bool
    /// How many keys it may remove or turn into strings.
    var removals: Int
    private var random: SplitMix64

    private static let state = "outpost:migration:001_hash_tags:state"

    /// A writer whose choices follow from a seed.
    package init(
        number: Int,
        seed: UInt64,
        history: OperationHistory,
        usesOldNames: Bool,
        removals: Int,
        connect: @escaping @Sendable () async throws -> RedisConnection
    ) {
        self.number = number
        self.history = history
        self.usesOldNames = usesOldNames
        self.removals = removals
        self.connect = connect
        random = SplitMix64(seed: seed &* 31 &+ UInt64(number))
    }

    /// Writes until it is told to end, and gives what each key may be then.
    package mutating func write(_ model: Model, until bell: Flag) async -> Model {
        var model = model
        var connection: RedisConnection?
        var count = 0
        while !bell.isRaised {
            count += 1
            let writable = model.filter { $0.value.count == 1 && $0.value[0] != nil }.keys.sorted()
            guard let key = writable.randomElement(using: &random) else { break }
            if connection == nil { connection = try? await connect() }
            guard let open = connection else {
                try? await Task.sleep(for: .milliseconds(30))
                continue
            }
            let change = choose(for: model[key]?[0] ?? nil, count)
            if change.removes, usesOldNames, await !isBeforeVerify(open) { continue }
            let began = history.now
            let outcome = await send(change, to: key, on: open)
            let words = change.commands(for: key).flatMap { $0 }
            history.add(
                .init(writer: number, key: key, words: words, began: began, ended: history.now, outcome: outcome)
            )
            let before = model[key]?[0] ?? nil
            switch outcome {
            case .done: model[key] = [change.result(on: before)]
            case .failed: break
            case .unknown:
                model[key] = [before, change.result(on: before)]
                await open.close()
                connection = nil
            }
            if change.removes, outcome != .failed { removals -= 1 }
            try? await Task.sleep(for: .milliseconds(Int.random(in: 3...12, using: &random)))
        }
        await connection?.close()
        return model
    }

    private mutating func choose(for record: OwnedRecord?, _ count: Int) -> RecordChange {
        switch record?.value {
        case .hash(let fields):
            switch Int.random(in: 0..<16, using: &random) {
            case 0: return .expire(at: OutpostKeyspace.expiry + Int64(count))
            case 1: return .persist
            case 2: return .dropField("note")
            case 3: return .recreate(OwnedRecord(.hash(["id": fields["id"] ?? "", "again": "\(count)"])))
            case 4 where removals > 0: return .delete
            case 5 where removals > 0 && usesOldNames: return .becomeString("\(count)")
            case 6, 7, 8: return .increment("count")
            default: return .setField("note", "\(count)" + String(repeating: "x", count: count % 70))
            }
        case .list: return .push("\(count)")
        case .set: return .add("m\(count)")
        case .sorted: return .score("m\(count % 10)", count)
        case .stream(let numbers): return .append((numbers.last ?? 0) + 1)
        case .string, nil:
            return count.isMultiple(of: 5) ? .expire(at: OutpostKeyspace.expiry + Int64(count)) : .setText("\(count)")
        }
    }

    /// Whether verify has certainly not looked yet.
    ///
    /// A look just before is enough for a test: apply of a paced walk does not become verify within a command.
    private func isBeforeVerify(_ connection: RedisConnection) async -> Bool {
        guard removals > 0, let state = try? await connection.send("GET", Bytes(Self.state)) else {
            return false
        }
        return state.text?.contains("\"phase\":\"applying\"") == true
    }

    private func send(
        _ change: RecordChange,
        to key: String,
        on connection: RedisConnection
    ) async -> OperationHistory.Outcome {
        var commands = CommandBuffer()
        for words in change.commands(for: key) { commands.append(words: words) }
        guard let replies = try? await connection.pipeline(commands, timeout: .seconds(1)) else { return .unknown }
        return replies.firstError == nil ? .done : .failed
    }
}
