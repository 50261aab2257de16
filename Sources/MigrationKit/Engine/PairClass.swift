/// What was seen of a source, its destination and the ledger's entry, in one atomic look.
public struct PairObservation: Sendable, Hashable {
    /// The source, if it is there.
    public var source: Side?
    /// The destination, if it is there.
    public var destination: Side?
    /// What a copy of the source is once the later migrations have rewritten it; nil where they change nothing.
    public var rewrittenSource: Side?
    /// The ledger's entry, if there is one.
    public var entry: LedgerEntry?
    /// The first eight bytes of SHA-256 of the source's name.
    public var sourceName: UInt64
    /// Whether the destination's content says that it is itself an old key.
    public var destinationIsSource = false
    /// Whether the pair was being copied when a run broke off, and has no entry yet.
    public var isUnfinished = false
    /// Whether new applications may have deleted the destination unseen: from `cleaning` on, with the state missing, or
    /// with the ledger's hash lost.
    public var deletesAreUnseen = false
    /// Whether another tool had copied the keys and raised the version before this program came.
    public var wasRaisedElsewhere = false
    /// By how many milliseconds expiries may differ that count as equal: 0 where the server tells them exactly.
    public var expiryTolerance: Int64 = 0
    /// The server's time, in milliseconds.
    public var now: Int64
    /// How close to its end a key counts as expiring, in milliseconds.
    public var expiringWithin: Int64 = Self.expiringWithin(isCluster: false)

    /// Longer in a cluster, where source and destination are read by different clocks.
    static func expiringWithin(isCluster: Bool) -> Int64 { isCluster ? 60_000 : 5000 }

    /// An observation of its parts.
    public init(source: Side?, destination: Side?, entry: LedgerEntry?, sourceName: UInt64, now: Int64) {
        self.source = source
        self.destination = destination
        self.entry = entry
        self.sourceName = sourceName
        self.now = now
    }
}

/// The name of what was seen: the rows of the three-way comparison (see the documentation's "Three-way comparison").
public enum PairClass: String, Sendable, CaseIterable, Codable {
    /// A source that was never copied.
    case uncopied
    /// Both are there and equal, without an entry.
    case equal
    /// Both are there and equal but for the expiry, without an entry.
    case expiryLost
    /// A destination of other content that we did not write.
    case foreign
    /// A destination that another tool had copied before the version was raised, and applications changed since.
    case adopted
    /// Both are as this program left them.
    case inSync
    /// Only the source changed.
    case sourceChanged
    /// Only the destination changed: applications use it.
    case inUse
    /// Both changed, to the same.
    case converged
    /// Both changed, to different things.
    case diverged
    /// The destination was copied and is gone.
    case destinationMissing
    /// The source is gone and the destination is as we left it.
    case sourceGone
    /// Only the new name exists, and it is the applications'.
    case native
    /// A destination whose copying broke off, without its source.
    case orphan
    /// The source was being removed, and is.
    case removed
    /// The source was being removed, and is there: somebody made it anew or changed it since.
    case recreated
    /// A source came back that new applications may have deleted on purpose.
    case reappeared
    /// Two sources for one destination, or a destination that is itself an old key.
    case collision
    /// About to expire by itself.
    case expiring
    /// Neither side is there any more.
    case absent
}

extension PairObservation {
    /// The row of the table that fits; total, and the only place where it is decided.
    public var pairClass: PairClass {
        if destinationIsSource { return .collision }
        if let entry, entry.sourceName != sourceName { return .collision }
        if isExpiring { return .expiring }
        if let entry, entry.isRemoving, let restarted = classWhileRemoving(entry) { return restarted }
        if deletesAreUnseen, source != nil, destination == nil, entry == nil { return .reappeared }
        if let entry { return classWithEntry(entry) }
        return classWithoutEntry
    }

    /// What is seen of a pair whose source was being removed when a run broke off; nil if it is as it was then.
    ///
    /// The removal may have come to pass. Then what is there under the old name was made anew: one field, perhaps, which is
    /// no successor to the whole record. The same holds if nothing is left under the new name.
    private func classWhileRemoving(_ entry: LedgerEntry) -> PairClass? {
        guard source != nil else { return .removed }
        #if SEEDED_BUGS
            if SeededBug.isOn(.markIgnored) { return nil }
        #endif
        return destination != nil && sourceMatches(entry) ? nil : .recreated
    }

    private var isExpiring: Bool {
        [source?.expiry, destination?.expiry].contains { expiry in
            expiry.map { $0 - now <= expiringWithin } ?? false
        }
    }

    /// Whether the source is there and will stay: only the destination is about to expire.
    var onlyDestinationExpires: Bool {
        guard let source else { return false }
        return source.expiry.map { $0 - now > expiringWithin } ?? true
    }

    private func same(_ one: Side, _ other: Side) -> Bool {
        one.matches(other, within: expiryTolerance)
    }

    /// Whether the source is what it was when this entry was written.
    func sourceMatches(_ entry: LedgerEntry) -> Bool {
        source.map { same($0, entry.source) } ?? false
    }

    /// Whether the destination is what copying the source would make of it.
    private func isCopy(_ destination: Side, of source: Side) -> Bool {
        same(source, destination) || rewrittenSource.map { same($0, destination) } == true
    }

    private var classWithoutEntry: PairClass {
        switch (source, destination) {
        case (nil, nil): return .absent
        case (.some, nil): return .uncopied
        case (nil, .some): return isUnfinished ? .orphan : .native
        case (.some(let source), .some(let destination)):
            if isCopy(destination, of: source) { return .equal }
            if wasRaisedElsewhere, source.content != nil, destination.content != nil { return .adopted }
            let hasContent = source.hasContent(of: destination) || rewrittenSource?.hasContent(of: destination) == true
            return hasContent ? .expiryLost : .foreign
        }
    }

    private func classWithEntry(_ entry: LedgerEntry) -> PairClass {
        switch (source, destination) {
        case (nil, nil): return .native
        case (.some, nil): return .destinationMissing
        case (nil, .some(let destination)):
            return same(destination, entry.destination) ? .sourceGone : .native
        case (.some(let source), .some(let destination)):
            // Of another type than its source: nothing to go on with, whatever the source is.
            guard destination.content != nil else { return .diverged }
            #if SEEDED_BUGS
                if SeededBug.isOn(.baseNotChecked) { return same(destination, entry.destination) ? .inSync : .inUse }
            #endif
            switch (same(source, entry.source), same(destination, entry.destination)) {
            case (true, true): return .inSync
            case (false, true): return .sourceChanged
            case (true, false): return .inUse
            case (false, false): return isCopy(destination, of: source) ? .converged : .diverged
            }
        }
    }
}
