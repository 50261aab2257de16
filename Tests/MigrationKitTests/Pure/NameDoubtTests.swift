import RedisClient
import Testing

@testable import MigrationKit

@Suite("A name with two readings")
struct NameDoubtTests {
    private static let old = NameReading.source(
        KeyMove(kind: "k", source: Bytes("{b}:x"), destination: Bytes("{{b}}:x"))
    )
    private static let new = NameReading.destination(
        KeyMove(kind: "k", source: Bytes("b:x"), destination: Bytes("{b}:x"))
    )
    private static let owner = KeyMove(kind: "t", source: Bytes("b"), destination: Bytes("{b}"))

    /// The two readings with all that can be known of them: every combination.
    private static let all: [NameDoubt] = {
        let evidences: [(NameReading, NameEvidence)?] = [
            nil, (old, .sourceRecord), (new, .sourceRecord), (new, .destinationRecord(owner)),
        ]
        let flags = [false, true]
        var all: [NameDoubt] = []
        for likely in evidences {
            for (a, b) in flags.flatMap({ a in flags.map { (a, $0) } }) {
                for (c, d) in flags.flatMap({ c in flags.map { (c, $0) } }) {
                    for isEvidenceCopied in flags {
                        var doubt = NameDoubt(readings: [old, new], isKnown: [a, b], isPaired: [c, d])
                        doubt.likely = likely.map { (reading: $0.0, evidence: $0.1) }
                        doubt.isEvidenceCopied = isEvidenceCopied
                        all.append(doubt)
                    }
                }
            }
        }
        return all
    }()

    @Test("the ledger's one entry decides, whatever the records of other keys say")
    func entryDecides() {
        for doubt in Self.all where doubt.isKnown != [false, false] {
            let expected = doubt.isKnown == [true, true] ? nil : doubt.isKnown[0] ? Self.old : Self.new
            for isInUse in [false, true] { #expect(doubt.reading(newNamesAreInUse: isInUse) == expected) }
        }
    }

    @Test("a name that neither ledger nor records know is ambiguous")
    func nothingSpeaks() {
        for doubt in Self.all where doubt.isKnown == [false, false] && doubt.likely == nil {
            for isInUse in [false, true] { #expect(doubt.reading(newNamesAreInUse: isInUse) == nil) }
        }
    }

    @Test("an old name is never taken on evidence if that could copy what another pair has left there")
    func contested() {
        for doubt in Self.all where doubt.isKnown == [false, false] && doubt.likely?.reading == Self.old {
            // Before the raise the old key of the other reading shows that the name may be its copy.
            #expect(doubt.reading(newNamesAreInUse: false) == (doubt.isPaired[1] ? nil : Self.old))
            // Later the copy of this reading must be there already, so that nothing is copied.
            #expect(doubt.reading(newNamesAreInUse: true) == (doubt.isPaired[0] ? Self.old : nil))
        }
    }

    @Test("a new name counts before the raise only if its old key is there, or if its owner never had an old name")
    func newcomer() {
        for doubt in Self.all where doubt.isKnown == [false, false] && doubt.likely?.reading == Self.new {
            let isNewcomer = doubt.likely?.evidence == .destinationRecord(Self.owner) && !doubt.isEvidenceCopied
            #expect(
                doubt.reading(newNamesAreInUse: false) == (isNewcomer || doubt.isPaired[1] ? Self.new : nil)
            )
            #expect(doubt.reading(newNamesAreInUse: true) == Self.new)
        }
    }
}
