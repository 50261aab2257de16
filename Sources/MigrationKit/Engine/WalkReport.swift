import RedisClient

/// What a walk over the keys found and did.
public struct WalkReport: Sendable, Equatable {
    /// How many pairs were of each class, by kind.
    public var counts: [String: [PairClass: Int]] = [:]
    /// How many pairs there were of each finding.
    public var findings: [Finding: Int] = [:]
    /// Pairs that are fine only if they are few, by class.
    public var fewByClass: [PairClass: Int] = [:]
    /// Keys that are held, with their reasons.
    public var held = HeldKeys()
    /// Keys that were held and that a person has settled, with the reasons for which they were.
    public var settled = HeldKeys()
    /// The largest of the keys that are held for their size, at most 20, in any order.
    public var large: [LargeKey] = []
    /// Pairs worth telling of, by class.
    public var listed: [PairClass: Int] = [:]
    /// Keys that fit no pattern.
    public var unrelated = 0
    /// At most 20 of them, escaped.
    public var unrelatedSamples: [String] = []
    /// At most 20 of the pairs that would be copied, escaped.
    public var samples: [String] = []
    /// Keys that can be read in two ways.
    public var ambiguous = 0
    /// Pairs that changed faster than they could be handled.
    public var hot = 0
    /// How many hashes were looked at by a rewrite, by kind.
    public var rewrites: [String: RewriteCounts] = [:]
    /// How many pairs the ledger knew, or knows since.
    public var noted = 0
    /// How many pairs or hashes were changed by us.
    public var written = 0
    /// How many items a run before had done, behind which this walk went on; they are in no other count.
    public var earlier = 0
    /// Bytes that the copies take, by the server's estimate of their sources.
    public var bytesNeeded = 0

    /// Nothing yet.
    public init() {}

    /// Pairs that have a source, were it to be copied or not.
    public var pairs: Int { counts.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    /// Pairs and hashes that were looked at.
    public var compared: Int { pairs + rewrites.values.reduce(0) { $0 + $1.total } }

    /// Hashes that a rewrite cannot convert.
    public var impossible: Int { rewrites.values.reduce(0) { $0 + $1.impossible } }

    /// Source keys, by kind.
    public var sourcesByKind: [String: Int] {
        counts.mapValues { classes in
            classes.reduce(0) { $0 + ($1.key.hasSource ? $1.value : 0) }
        }
    }

    /// What was found, as an approval sees it: old keys of a migration that moves, hashes of one that rewrites.
    public var scope: Scope {
        Scope(kinds: sourcesByKind.merging(rewrites.mapValues(\.total)) { $0 + $1 })
    }

    /// How many pairs are of a class.
    public func count(of pairClass: PairClass) -> Int {
        counts.values.reduce(0) { $0 + ($1[pairClass] ?? 0) }
    }

    mutating func note(_ pair: Pair, _ pairClass: PairClass, _ ruling: Ruling, obstacle: String? = nil) {
        counts[pair.move.kind, default: [:]][pairClass, default: 0] += 1
        findings[ruling.finding, default: 0] += 1
        switch ruling.finding {
        case .fine: break
        case .few: fewByClass[pairClass, default: 0] += 1
        case .listed: listed[pairClass, default: 0] += 1
        case .wrong, .unaccepted, .conflict, .kept: held.add(pair.move.source, reason: obstacle ?? pairClass.rawValue)
        }
        if ruling.action != .leave { written += 1 }
        if pairClass == .uncopied, samples.count < 20 {
            samples.append(
                "\(KeyText.escaped(pair.move.source)) → \(KeyText.escaped(pair.move.destination))"
            )
        }
    }

    mutating func noteUnrelated(_ name: Bytes) {
        unrelated += 1
        if unrelatedSamples.count < 20 { unrelatedSamples.append(KeyText.escaped(name)) }
    }
}

/// What a rewrite found of one kind.
public struct RewriteCounts: Sendable, Equatable {
    /// Hashes that were as they should be.
    public var done = 0
    /// Hashes that were rewritten, or would be.
    public var changed = 0
    /// Hashes that cannot be converted.
    public var impossible = 0
    /// Hashes that are about to expire, and were left alone.
    public var expiring = 0

    /// Nothing yet.
    public init() {}

    /// All of them.
    public var total: Int { done + changed + impossible + expiring }
}

extension PairClass {
    /// Whether a pair of this class has its source.
    var hasSource: Bool {
        switch self {
        case .sourceGone, .native, .orphan, .removed, .absent: return false
        default: return true
        }
    }
}
