import MigrationKit
import RedisClient

/// A migration of the tests' own, for keys of every type: `x:<type>:<id>` → `x:new:<type>:<id>`.
struct Renames: KeyMoveMigration {
    let name = "001_renames"
    let version = 1
    let description = "Gives keys of every type new names."

    func moves(in names: KeyNames) -> any KeyMoves { RenameMoves(prefix: names.data("x:")) }
}

/// The names; the type stands in them, and is the kind too.
struct RenameMoves: KeyMoves {
    let prefix: Bytes

    func match(_ name: Bytes) -> NameMatch {
        guard name.starts(with: prefix) else { return .unrelated }
        let rest = name.dropFirst(prefix.count)
        let new = Bytes("new:")
        let isNew = rest.starts(with: new)
        let parts = (isNew ? rest.dropFirst(new.count) : rest).split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard parts.count == 2, let type = ValueType(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
            return .unrelated
        }
        let tail = parts[0] + Bytes(":") + parts[1]
        let move = KeyMove(kind: type.rawValue, type: type, source: prefix + tail, destination: prefix + new + tail)
        return .certain(isNew ? .destination(move) : .source(move))
    }

    /// Never asked, since no name has two readings.
    func decide(_ name: Bytes, answers: [Bytes?]) -> NameVerdict { .unrelated }
}
