import Testing

@testable import MigrationKit

@Suite("Every pair that can be seen")
struct PairSafetyTests {
    // MARK: What can be seen

    /// All sides of these contents, each without an end, with two different ends, and with one that is near.
    private static func sides(_ letters: [String]) -> [(text: String, side: Side?)] {
        let texts = ["–"] + letters.flatMap { letter in ["", "@60", "@90", "@3"].map { letter + $0 } }
        return texts.map { ($0, SeenPair.side($0)) }
    }

    private static let entries: [(text: String, entry: LedgerEntry?)] = {
        let bases = ["A", "A@60", "B", "B@60"]
        let pairs = ["–"] + bases.flatMap { source in bases.map { "\(source)/\($0)" } }
        let marks = ["", "removing", "another source", "removing, another source"]
        return pairs.flatMap { pair in
            (pair == "–" ? [""] : marks).map { ("\(pair) \($0)", SeenPair.of("–", "–", ledger: pair, $0).entry) }
        }
    }()

    /// Calls a function with every combination of sides, entry and flags, in words and as an observation.
    private static func everything(
        _ letters: [String],
        destinations: [String]? = nil,
        _ body: (_ text: @autoclosure () -> String, _ observation: PairObservation) -> Void
    ) {
        let sides = sides(letters)
        for source in sides {
            for destination in Self.sides(destinations ?? letters) {
                for entry in entries {
                    for flags in 0..<32 where flags & 8 == 0 || source.side?.content != nil {
                        var seen = PairObservation(
                            source: source.side,
                            destination: destination.side,
                            entry: entry.entry,
                            sourceName: SeenPair.sourceName,
                            now: SeenPair.now
                        )
                        seen.isUnfinished = flags & 1 != 0
                        seen.destinationIsSource = flags & 2 != 0
                        seen.deletesAreUnseen = flags & 4 != 0
                        seen.wasRaisedElsewhere = flags & 16 != 0
                        if flags & 8 != 0 {
                            let rewritten = Digest(low: UInt64(UnicodeScalar("C").value), high: 7)
                            seen.rewrittenSource = Side(content: rewritten, expiry: source.side?.expiry)
                        }
                        body("S \(source.text) D \(destination.text) ledger \(entry.text) flags \(flags)", seen)
                    }
                }
            }
        }
    }

    /// What is true of an observation, in the words of the table's head.
    private struct Facts {
        let isSource: Bool
        let isDestination: Bool
        let hasEntry: Bool
        let isRemoving: Bool
        let isUnfinished: Bool
        let equal: Bool
        let equalButExpiry: Bool
        let sourceIsBase: Bool
        let destinationIsBase: Bool
        let collides: Bool
        let expires: Bool
        let deletesAreUnseen: Bool
        /// Whether another tool had copied and raised, and both sides can be compared.
        let wasRaisedElsewhere: Bool

        init(_ seen: PairObservation) {
            isSource = seen.source != nil
            isDestination = seen.destination != nil
            hasEntry = seen.entry != nil
            isRemoving = seen.entry?.isRemoving ?? false
            isUnfinished = seen.isUnfinished
            // After later migrations a copy is the source as they rewrite it.
            let contents = [seen.source?.content, seen.rewrittenSource?.content].compactMap(\.self)
            let sameContent = seen.destination?.content.map(contents.contains) ?? false
            let sameExpiry = seen.source?.expiry == seen.destination?.expiry
            equal = sameContent && sameExpiry
            equalButExpiry = sameContent && !sameExpiry
            sourceIsBase = Self.isBase(seen.source, seen.entry?.source)
            destinationIsBase = Self.isBase(seen.destination, seen.entry?.destination)
            collides = seen.destinationIsSource || (seen.entry.map { $0.sourceName != SeenPair.sourceName } ?? false)
            let ends = [seen.source, seen.destination].compactMap { $0?.expiry }
            expires = ends.contains { $0 <= SeenPair.now + 5000 }
            deletesAreUnseen = seen.deletesAreUnseen
            wasRaisedElsewhere =
                seen.wasRaisedElsewhere && seen.source?.content != nil && seen.destination?.content != nil
        }

        private static func isBase(_ side: Side?, _ base: Side?) -> Bool {
            guard let side, let base, side.content != nil else { return false }
            return side.content == base.content && side.expiry == base.expiry
        }
    }

    /// The rows behind the precedence: exactly one fits.
    private static let rows: [(name: PairClass, fits: @Sendable (Facts) -> Bool)] = [
        (.uncopied, { $0.isSource && !$0.isDestination && !$0.hasEntry }),
        (.equal, { $0.equal && !$0.hasEntry }),
        (.expiryLost, { $0.equalButExpiry && !$0.hasEntry && !$0.wasRaisedElsewhere }),
        (
            .foreign,
            {
                $0.isSource && $0.isDestination && !$0.equal && !$0.equalButExpiry && !$0.hasEntry
                    && !$0.wasRaisedElsewhere
            }
        ),
        (.adopted, { $0.wasRaisedElsewhere && !$0.equal && !$0.hasEntry }),
        (.inSync, { $0.sourceIsBase && $0.destinationIsBase }),
        (.sourceChanged, { $0.isSource && $0.hasEntry && !$0.sourceIsBase && $0.destinationIsBase }),
        (.inUse, { $0.sourceIsBase && $0.isDestination && !$0.destinationIsBase }),
        (.converged, { $0.hasEntry && !$0.sourceIsBase && $0.equal && !$0.destinationIsBase }),
        (
            .diverged,
            {
                $0.hasEntry && $0.isSource && $0.isDestination && !$0.sourceIsBase && !$0.destinationIsBase
                    && !$0.equal
            }
        ),
        (.destinationMissing, { $0.isSource && !$0.isDestination && $0.hasEntry }),
        (.sourceGone, { !$0.isSource && $0.destinationIsBase && $0.hasEntry }),
        (
            .native,
            { facts in
                guard !facts.isSource else { return false }
                return facts.hasEntry ? !facts.destinationIsBase : facts.isDestination && !facts.isUnfinished
            }
        ),
        (.orphan, { !$0.isSource && $0.isDestination && !$0.hasEntry && $0.isUnfinished }),
        (.absent, { !$0.isSource && !$0.isDestination && !$0.hasEntry }),
    ]

    private static func expected(_ facts: Facts) -> [PairClass] {
        if facts.collides { return [.collision] }
        if facts.expires { return [.expiring] }
        if facts.isRemoving, !facts.isSource { return [.removed] }
        if facts.isRemoving, !facts.sourceIsBase || !facts.isDestination { return [.recreated] }
        if facts.deletesAreUnseen, facts.isSource, !facts.isDestination, !facts.hasEntry { return [.reappeared] }
        return rows.filter { $0.fits(facts) }.map(\.name)
    }

    @Test("fits exactly one row, and is called by its name")
    func oneRow() {
        var wrong: [String] = []
        var seen = Set<PairClass>()
        Self.everything(["A", "B", "C"]) { text, observation in
            let expected = Self.expected(Facts(observation))
            seen.insert(observation.pairClass)
            if expected != [observation.pairClass] {
                wrong.append("\(text()): \(observation.pairClass), and by the table \(expected)")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3))")
        #expect(seen == Set(PairClass.allCases))
    }

    // MARK: What may be done

    /// Why a ruling is not safe; nil when it is.
    private static func danger(_ seen: PairObservation, _ ruling: Ruling, in column: Column) -> String? {
        let facts = Facts(seen)
        if ruling.action != .leave {
            if facts.collides { return "a colliding pair is touched" }
            if facts.expires, ruling.action != .forget { return "an expiring pair is touched" }
            if [.conflict, .kept, .wrong, .unaccepted, .listed].contains(ruling.finding) {
                return "what is reported as \(ruling.finding) is touched"
            }
        }
        switch ruling.action {
        case .leave:
            return nil
        case .copy:
            if !facts.isSource { return "nothing is copied" }
            if facts.isDestination { return "something is copied onto a destination that is there" }
            if facts.deletesAreUnseen, !facts.hasEntry { return "a record that may have been deleted comes back" }
            if facts.hasEntry, column != .apply { return "a destination that was deleted after the raise comes back" }
        case .copyOver:
            if !facts.isSource { return "nothing is copied" }
            if !facts.destinationIsBase { return "a destination that somebody else wrote is overwritten" }
            if facts.isRemoving {
                return "what may be a fragment is copied over a record whose source was being removed"
            }
        case .note:
            if !facts.equal { return "an entry calls equal what is not" }
        case .adopt:
            if !facts.wasRaisedElsewhere || facts.hasEntry || facts.equal {
                return "what is adopted is somebody's conflict"
            }
            if column == .cleanup || column == .rollback { return "a pair is adopted by \(column)" }
        case .takeExpiry:
            if !facts.equalButExpiry || facts.hasEntry { return "the expiry of another value is taken" }
            if column != .apply { return "an expiry is taken after apply" }
        case .dropDestination:
            if !facts.destinationIsBase { return "a destination that somebody else wrote is dropped" }
            if column == .rollback { return nil }
            if facts.isSource { return "a destination is dropped though its source is there" }
            if ![.apply, .verify, .firstCatchUp].contains(column) { return "a destination is dropped after the raise" }
        case .forget:
            if facts.isSource, column != .rollback { return "the base of a source that is there is forgotten" }
            if facts.isSource, facts.isDestination { return "a base that still holds is forgotten" }
        case .removeSource:
            if column != .cleanup { return "a source is removed by \(column)" }
            if !facts.isSource || !facts.isDestination { return "one of the two sides is not there" }
            if !facts.sourceIsBase && !facts.equal { return "a source is removed that is not what was copied" }
        }
        return nil
    }

    @Test("is handled safely in every column")
    func safe() {
        var dangers: [String] = []
        Self.everything(["A", "B", "C"]) { text, observation in
            for column in Column.allCases {
                let ruling = observation.pairClass.ruling(in: column)
                if let danger = Self.danger(observation, ruling, in: column) {
                    dangers.append("\(text()) in \(column): \(danger)")
                }
            }
        }
        #expect(dangers.isEmpty, "\(dangers.count): \(dangers.prefix(3))")
    }

    // A source of another type is left alone by the walk, which knows why it cannot be compared.
    @Test("is handled safely when its destination is of another type")
    func safeWithOtherTypes() {
        var dangers: [String] = []
        Self.everything(["A"], destinations: ["A", "?"]) { text, observation in
            for column in Column.allCases {
                let ruling = observation.pairClass.ruling(in: column)
                if let danger = Self.danger(observation, ruling, in: column) {
                    dangers.append("\(text()) in \(column): \(danger)")
                }
                if let destination = observation.destination, destination.content == nil, ruling.action != .leave,
                    ruling.action != .forget
                {
                    dangers.append("\(text()) in \(column): \(ruling.action)")
                }
            }
        }
        #expect(dangers.isEmpty, "\(dangers.count): \(dangers.prefix(3))")
    }

    /// Only what was deleted under its old name is dropped under both, and the walk makes sure of that.
    @Test("is left by a rollback with its record under one name at least, unless it was deleted under the old one")
    func rollback() {
        var lost: [String] = []
        Self.everything(["A", "B", "C"]) { text, observation in
            let ruling = observation.pairClass.ruling(in: .rollback)
            let writes: Set<PairAction> = [.leave, .forget, .dropDestination]
            if !writes.contains(ruling.action) { lost.append("\(text()): \(ruling.action)") }
            if ruling.action == .dropDestination, observation.source == nil, observation.pairClass != .sourceGone {
                lost.append(text())
            }
        }
        #expect(lost.isEmpty, "\(lost.count): \(lost.prefix(3))")
    }

    @Test("leads to a right pair by one ruling of apply, and the next apply writes nothing")
    func settles() {
        var restless: [String] = []
        Self.everything(["A", "B", "C"]) { text, observation in
            var pair = observation
            // A walk never sees the marks of a broken-off run once they are settled.
            guard !pair.isUnfinished else { return }
            for _ in 0..<2 { Self.apply(&pair) }
            let ruling = pair.pairClass.ruling(in: .apply)
            let isForgotten = ruling.action == .forget && pair.entry == nil
            if ruling.action != .leave, !isForgotten { restless.append("\(text()): \(pair.pairClass) again") }
        }
        #expect(restless.isEmpty, "\(restless.count): \(restless.prefix(3))")
    }

    /// Does to an observation what apply's ruling would do to the keys.
    private static func apply(_ pair: inout PairObservation) {
        let copy = pair.rewrittenSource ?? pair.source
        let action = pair.pairClass.ruling(in: .apply).action
        switch action {
        case .leave, .removeSource:
            return
        case .copy, .copyOver:
            pair.destination = copy
        case .takeExpiry:
            pair.destination?.expiry = pair.source?.expiry
        case .dropDestination:
            pair.destination = nil
        case .note, .forget:
            break
        case .adopt:
            if let source = pair.source, let copy {
                pair.entry = LedgerEntry(sourceName: pair.sourceName, source: source, destination: copy)
            }
            return
        }
        if action == .dropDestination || action == .forget {
            pair.entry = nil
        } else if let source = pair.source, let destination = pair.destination {
            pair.entry = LedgerEntry(sourceName: pair.sourceName, source: source, destination: destination)
        }
    }
}
