import MigrationKit

/// Keys that a person has to settle, of whatever migration: what is said of them at every look until they are.
public struct HeldBack: Sendable, Equatable {
    /// The first migration that holds keys back.
    public var migration: String
    /// How many it holds, by reason.
    public var counts: [String: Int]
    /// How many other migrations hold some.
    public var others: Int

    /// What an observation says; nil where nobody has anything to settle.
    ///
    /// What changes too fast is looked at again by itself. What a phase finds is for a person once it has ended.
    public init?(_ observation: Observation) {
        let all = observation.migrations.compactMap { standing -> (String, [String: Int])? in
            guard case .success(let state?) = standing.state, let held = state.held else { return nil }
            switch state.trustedPhase {
            case .planned, .applying, .cleaned: return nil
            case .applied, .failed, .verified, .cleaning: break
            }
            let counts = held.counts.filter { $0.key != "hot" && $0.value > 0 }
            return counts.isEmpty ? nil : (standing.name, counts)
        }
        guard let first = all.first else { return nil }
        migration = first.0
        counts = first.1
        others = all.count - 1
    }

    /// How many keys the first migration holds.
    public var count: Int { counts.values.reduce(0, +) }

    /// `diverged 2, foreign 1`; the reasons are escaped, since anybody may have stored them.
    public var reasons: String {
        counts.sorted { $0.key < $1.key }
            .map { "\(KeyText.printable($0.key)) \(Wording.number($0.value))" }
            .joined(separator: ", ")
    }

    /// `2 keys of 001_hash_tags need a decision (diverged 2)`.
    public var text: String {
        let more = others > 0 ? ", and so do keys of \(others) more" : ""
        return "\(Wording.keys(count)) of \(migration) \(count == 1 ? "needs" : "need") a decision (\(reasons))\(more)"
    }

    /// The same as a sentence, with how to see them.
    public var message: String { "\(text). See them with `migrateredis status --held \(migration)`." }
}
