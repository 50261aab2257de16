import Testing

@testable import MigrationKit

@Suite("The rows of the three-way comparison")
struct PairClassTests {
    /// One row: what is seen, and what it is called.
    struct Row: Sendable, CustomTestStringConvertible {
        let source: String
        let destination: String
        let ledger: String
        let flags: String
        let name: PairClass

        init(_ source: String, _ destination: String, _ ledger: String, _ flags: String = "", is name: PairClass) {
            self.source = source
            self.destination = destination
            self.ledger = ledger
            self.flags = flags
            self.name = name
        }

        var observation: PairObservation { SeenPair.of(source, destination, ledger: ledger, flags) }

        var testDescription: String { "S \(source) D \(destination) ledger \(ledger) \(flags) is \(name)" }
    }

    @Test(
        "each row of the table has its name",
        arguments: [
            Row("A", "–", "–", is: .uncopied),
            Row("A@60", "–", "–", is: .uncopied),
            Row("A", "A", "–", is: .equal),
            Row("A@60", "A@60", "–", is: .equal),
            Row("A", "A@60", "–", is: .expiryLost),
            Row("A@60", "A", "–", is: .expiryLost),
            Row("A@60", "A@61", "–", is: .expiryLost),
            Row("A", "B", "–", is: .foreign),
            Row("A@60", "B@60", "–", is: .foreign),
            Row("A", "A", "A/A", is: .inSync),
            Row("A@60", "A@60", "A@60/A@60", is: .inSync),
            Row("A", "B", "A/B", is: .inSync),
            Row("B", "A", "A/A", is: .sourceChanged),
            Row("A@60", "A", "A/A", is: .sourceChanged),
            Row("A", "A@60", "A@60/A@60", is: .sourceChanged),
            Row("A", "B", "A/A", is: .inUse),
            Row("A", "A@60", "A/A", is: .inUse),
            Row("A@60", "A", "A@60/A@60", is: .inUse),
            Row("B", "B", "A/A", is: .converged),
            Row("A@60", "A@60", "A/A", is: .converged),
            Row("B", "C", "A/A", is: .diverged),
            Row("B@60", "B", "A/A", is: .diverged),
            Row("A@60", "A@61", "A/A", is: .diverged),
            Row("A", "–", "A/A", is: .destinationMissing),
            Row("B", "–", "A/A", is: .destinationMissing),
            Row("–", "A", "A/A", is: .sourceGone),
            Row("–", "B", "A/B", is: .sourceGone),
            Row("–", "B", "A/A", is: .native),
            Row("–", "A@60", "A/A", is: .native),
            Row("–", "–", "A/A", is: .native),
            Row("–", "A", "–", is: .native),
            Row("–", "A", "–", "unfinished", is: .orphan),
            Row("–", "A", "A/A", "removing", is: .removed),
            Row("–", "B", "A/A", "removing", is: .removed),
            Row("–", "–", "A/A", "removing", is: .removed),
            Row("–", "–", "–", is: .absent),
        ] as [Row]
    )
    func row(_ row: Row) {
        #expect(row.observation.pairClass == row.name)
    }

    @Test(
        "a source that is there although it was being removed is a conflict, unless it is what was marked",
        arguments: [
            Row("A", "A", "A/A", "removing", is: .inSync),
            Row("A", "B", "A/A", "removing", is: .inUse),
            Row("B", "A", "A/A", "removing", is: .recreated),
            Row("B", "B", "A/A", "removing", is: .recreated),
            Row("B", "C", "A/A", "removing", is: .recreated),
            Row("A@60", "A", "A/A", "removing", is: .recreated),
            Row("B", "–", "A/A", "removing", is: .recreated),
            Row("A", "–", "A/A", "removing", is: .recreated),
        ] as [Row]
    )
    func cameBack(_ row: Row) {
        #expect(row.observation.pairClass == row.name)
    }

    @Test(
        "collision comes first, then expiring, removed and reappeared",
        arguments: [
            Row("A", "A", "A/A", "destination is a source", is: .collision),
            Row("A", "A", "A/A", "another source", is: .collision),
            Row("A@3", "A@3", "A/A", "another source", is: .collision),
            Row("–", "A", "A/A", "another source removing", is: .collision),
            Row("A", "–", "–", "destination is a source deletes unseen", is: .collision),
            Row("–", "–", "–", "destination is a source", is: .collision),
            Row("A@3", "–", "–", is: .expiring),
            Row("A@3", "–", "–", "deletes unseen", is: .expiring),
            Row("–", "A@3", "A/A", "removing", is: .expiring),
            Row("–", "A@3", "–", "unfinished", is: .expiring),
            Row("A", "B@3", "A/A", is: .expiring),
            Row("–", "A", "A/A", "removing deletes unseen unfinished", is: .removed),
            Row("A", "–", "–", "deletes unseen", is: .reappeared),
            Row("A", "–", "–", "deletes unseen unfinished", is: .reappeared),
        ] as [Row]
    )
    func precedence(_ row: Row) {
        #expect(row.observation.pairClass == row.name)
    }

    @Test(
        "unseen deletes change nothing where there is an entry or a destination",
        arguments: [
            Row("A", "A", "–", "deletes unseen", is: .equal),
            Row("A", "B", "–", "deletes unseen", is: .foreign),
            Row("A", "–", "A/A", "deletes unseen", is: .destinationMissing),
            Row("–", "A", "–", "deletes unseen", is: .native),
        ] as [Row]
    )
    func unseenDeletes(_ row: Row) {
        #expect(row.observation.pairClass == row.name)
    }

    @Test("a key expires soon up to and with 5 s before its end, and once it has passed")
    func expiringBorder() {
        for (left, isExpiring) in [(5001, false), (5000, true), (1, true), (0, true), (-1, true)] as [(Int64, Bool)] {
            var seen = SeenPair.of("A", "–", ledger: "–")
            seen.source?.expiry = SeenPair.now + left
            #expect((seen.pairClass == .expiring) == isExpiring, "\(left) ms")
        }
        var inCluster = SeenPair.of("A@60", "–", ledger: "–")
        inCluster.expiringWithin = 60_000
        #expect(inCluster.pairClass == .expiring)
        inCluster.expiringWithin = 59_999
        #expect(inCluster.pairClass == .uncopied)
    }

    @Test("one millisecond of expiry is a difference, as a server with PEXPIRETIME tells it exactly")
    func exactExpiry() {
        var seen = SeenPair.of("A@60", "A@60", ledger: "A@60/A@60")
        seen.destination?.expiry? += 1
        #expect(seen.pairClass == .inUse)
        seen = SeenPair.of("A@60", "A@60", ledger: "–")
        seen.destination?.expiry? -= 1
        #expect(seen.pairClass == .expiryLost)
    }

    @Test(
        "where the server tells no exact expiry, one that differs by no more than the tolerance is equal",
        arguments: [(-3, false), (-2, true), (-1, true), (0, true), (1, true), (2, true), (3, false)] as [(Int64, Bool)]
    )
    func inexactExpiry(difference: Int64, isEqual: Bool) {
        var copied = SeenPair.of("A@60", "A@60", ledger: "A@60/A@60")
        copied.expiryTolerance = 2
        copied.destination?.expiry? += difference
        #expect(copied.pairClass == (isEqual ? .inSync : .inUse))
        copied.source?.expiry? += difference
        #expect(copied.pairClass == (isEqual ? .inSync : .converged))
        copied.source = nil
        #expect(copied.pairClass == (isEqual ? .sourceGone : .native))
        var noted = SeenPair.of("A@60", "A@60", ledger: "–")
        noted.expiryTolerance = 2
        noted.destination?.expiry? += difference
        #expect(noted.pairClass == (isEqual ? .equal : .expiryLost))
        noted.destination = SeenPair.side("A")
        #expect(noted.pairClass == .expiryLost, "none at all is never near")
    }

    @Test("expiries as far apart as numbers can be are compared without harm")
    func farApart() {
        let sides = [Int64.min, -1, 0, 1, .max].map { Side(content: Digest(low: 1, high: 1), expiry: $0) }
        for one in sides {
            for other in sides {
                #expect(one.matches(other, within: 0) == (one == other))
                #expect(one.matches(other, within: .max) || one != other)
            }
        }
    }

    @Test("content that cannot be compared equals nothing, itself included")
    func incomparable() throws {
        let side = try #require(SeenPair.side("?"))
        #expect(!side.matches(side) && !side.hasContent(of: side))
        #expect(SeenPair.of("A", "?", ledger: "–").pairClass == .foreign)
        #expect(SeenPair.of("–", "?", ledger: "A/A").pairClass == .native)
    }

    @Test(
        "a destination of another type than its source is a conflict always",
        arguments: ["–", "A/A", "B/B"]
    )
    func otherType(ledger: String) {
        let name = SeenPair.of("A", "?", ledger: ledger).pairClass
        for column in Column.allCases where column != .rollback {
            let ruling = name.ruling(in: column)
            #expect(ruling == Ruling(.leave, column == .cleanup ? .kept : .conflict), "\(name) \(column)")
        }
        #expect(name.ruling(in: .rollback).action == .leave)
    }
}
