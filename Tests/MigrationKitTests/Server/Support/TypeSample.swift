import MigrationKit
import Testing

/// A value of one type, in the ways that the three-way comparison has to tell apart; `KEY` stands for its name.
struct TypeSample: Sendable, CustomTestStringConvertible {
    var type: ValueType
    /// Makes the value.
    var make: [String]
    /// Makes the same value another way.
    var makeAgain: [String]
    /// Changes it.
    var change: [String]
    /// Changes it in another way.
    var changeOtherwise: [String]

    var testDescription: String { type.rawValue }

    static let all = [
        TypeSample(
            type: .string,
            make: ["SET KEY 12345"],
            makeAgain: ["SET KEY 1", "APPEND KEY 2345"],
            change: ["APPEND KEY 6"],
            changeOtherwise: ["SETRANGE KEY 0 0"]
        ),
        TypeSample(
            type: .list,
            make: ["RPUSH KEY a b c"],
            makeAgain: ["LPUSH KEY c b x a", "LREM KEY 1 x"],
            change: ["LPUSH KEY a"],
            changeOtherwise: ["LSET KEY 0 b"]
        ),
        TypeSample(
            type: .set,
            make: ["SADD KEY 1 2 3"],
            makeAgain: ["SADD KEY 3 x 1 2", "SREM KEY x"],
            change: ["SADD KEY x"],
            changeOtherwise: ["SREM KEY 1"]
        ),
        TypeSample(
            type: .sortedSet,
            make: ["ZADD KEY 1 a 2 b"],
            makeAgain: ["ZADD KEY 2 b 3 x 5 a", "ZADD KEY 1 a", "ZREM KEY x"],
            change: ["ZINCRBY KEY 0.5 a"],
            changeOtherwise: ["ZREM KEY b"]
        ),
        TypeSample(
            type: .hash,
            make: ["HSET KEY a 1 b 2"],
            makeAgain: ["HSET KEY b 2 x 3 a 1", "HDEL KEY x"],
            change: ["HSET KEY a 2"],
            changeOtherwise: ["HDEL KEY b"]
        ),
        TypeSample(
            type: .stream,
            make: ["XADD KEY 1-1 a 1", "XADD KEY 1-2 b 2 c 3"],
            makeAgain: ["XADD KEY 0-1 x y", "XADD KEY 1-1 a 1", "XADD KEY 1-2 b 2 c 3", "XDEL KEY 0-1"],
            change: ["XADD KEY 2-1 a 1"],
            changeOtherwise: ["XDEL KEY 1-1"]
        ),
    ]

    /// Every row that a change of content can bring about, with what the columns make of it.
    var situations: [Situation] {
        let old = "x:\(type.rawValue):k"
        let new = "x:new:\(type.rawValue):k"
        let date = "4102444800123"
        let (asItWas, copied) = ("S D L fine", Self.of(make, old))
        let ended = ["PEXPIREAT \(old) \(date)"]
        return [
            Situation(
                name: "made by an old application",
                row: .uncopied,
                after: copied + ended,
                outcomes: [
                    "S S N fine", "S S N few", "S S N few", "S S N fine", "S S N fine", "S - - kept", "S - - fine",
                ]
            ),
            Situation(
                name: "made the same on both sides",
                row: .equal,
                after: copied + Self.of(makeAgain, new),
                outcomes: [
                    "S D N fine", "S D N fine", "S D N fine", "S D N fine", "S D N fine", "- D - fine", "S D - fine",
                ]
            ),
            Situation(
                name: "made the same without the time to live",
                row: .expiryLost,
                after: copied + ended + Self.of(makeAgain, new),
                outcomes: [
                    "S S N fine", "S D - wrong", "S D - conflict", "S D - listed", "S D - listed", "S D - kept",
                    "S D - fine",
                ]
            ),
            Situation(
                name: "another one on the other side",
                row: .foreign,
                after: copied + Self.of(make + change, new),
                outcomes: Self.conflict("S D - kept", "S D - fine", entry: "-")
            ),
            Situation(
                name: "another type on the other side",
                row: .foreign,
                after: copied + Self.of(ofAnotherType, new),
                outcomes: Self.conflict("S D - kept", "S D - fine", entry: "-")
            ),
            Situation(
                name: "nothing happened since",
                row: .inSync,
                before: copied + ended,
                outcomes: [asItWas, asItWas, asItWas, asItWas, asItWas, "- D - fine", "S - - fine"]
            ),
            Situation(
                name: "made anew the same",
                row: .inSync,
                before: copied,
                after: ["DEL \(old)"] + Self.of(makeAgain, old),
                outcomes: [asItWas, asItWas, asItWas, asItWas, asItWas, "- D - fine", "S - - fine"]
            ),
            Situation(
                name: "an old application wrote",
                row: .sourceChanged,
                before: copied + ended,
                after: Self.of(change, old),
                outcomes: [
                    "S S N fine", "S S N few", "S S N few", "S S N fine", "S S N fine", "S D L kept", "S - - fine",
                ]
            ),
            Situation(
                name: "a new application wrote",
                row: .inUse,
                before: copied,
                after: Self.of(change, new),
                outcomes: [asItWas, "S D L unaccepted", asItWas, asItWas, asItWas, "- D - fine", "S D - listed"]
            ),
            Situation(
                name: "both wrote the same",
                row: .converged,
                before: copied,
                after: Self.of(change, old) + Self.of(change, new),
                outcomes: ["S D N fine", "S D N fine", "S D N fine", asItWas, asItWas, "- D - fine", "S D - listed"]
            ),
            Situation(
                name: "both wrote, each its own",
                row: .diverged,
                before: copied,
                after: Self.of(change, old) + Self.of(changeOtherwise, new),
                outcomes: Self.conflict("S D L kept", "S D - listed", entry: "L")
            ),
            Situation(
                name: "the copy was deleted",
                row: .destinationMissing,
                before: copied,
                after: ["DEL \(new)"],
                outcomes: [
                    "S S L fine", "S - L wrong", "S - L few", "S - L listed", "S - L listed", "- - - fine",
                    "S - - fine",
                ]
            ),
            Situation(
                name: "an old application deleted it",
                row: .sourceGone,
                before: copied,
                after: ["DEL \(old)"],
                outcomes: [
                    "- - - few", "- - - few", "- D L kept", "- D L kept", "- - - fine", "- D L kept", "- - - few",
                ]
            ),
            Situation(
                name: "an old application made something of another type of it",
                row: .sourceGone,
                before: copied,
                after: ["DEL \(old)"] + Self.of(ofAnotherType, old),
                outcomes: [
                    "S - - few", "S - - few", "S D L kept", "S D L kept", "S - - fine", "S D L kept",
                    "S - - few",
                ]
            ),
            Situation(
                name: "made under the new name",
                row: .native,
                after: Self.of(make, new),
                outcomes: Array(repeating: "- D - fine", count: 6)
            ),
        ].map { situation in
            var placed = situation
            placed.source = old
            placed.destination = new
            return placed
        }
    }

    private var ofAnotherType: [String] { type == .string ? ["RPUSH KEY a"] : ["SET KEY a"] }

    private static func of(_ commands: [String], _ key: String) -> [String] {
        commands.map { $0.replacing("KEY", with: key) }
    }

    private static func conflict(_ cleanup: String, _ rollback: String, entry: String) -> [String] {
        Array(repeating: "S D \(entry) conflict", count: 5) + [cleanup, rollback]
    }
}
