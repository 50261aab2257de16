import Logging
import Testing

@testable import Reconciler

@Suite("Events")
struct EventTests {
    @Test("each kind has an id of its own, of 128 bits in hexadecimal")
    func identifiers() {
        let ids = Event.Kind.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.utf8.count == 32 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }, "\(id)")
        }
    }

    @Test("the ids that were given out never change")
    func pinned() {
        #expect(Event.Kind.started.messageID == "c20b61a096cc5542fe221871ebc37960")
        #expect(Event.Kind.versionRaised.messageID == "ed6d393ba393c8badd5cb9a05a4d70ac")
        #expect(Event.Kind.stalled.messageID == "7ff753e9d8ce02369a2cbf8fac52e116")
        #expect(Event.Kind.converged.messageID == "fd43078b4ad60d5340cebde939678a52")
    }

    @Test("each kind has a text of its own, and what needs somebody is grave")
    func texts() {
        #expect(Set(Event.Kind.allCases.map { "\($0.message)" }).count == Event.Kind.allCases.count)
        #expect(Event.Kind.stalled.level == .error)
        #expect(Event.Kind.stepFailed.level == .warning && Event.Kind.reloadRefused.level == .warning)
        #expect(Event.Kind.allCases.allSatisfy { $0.level >= .info })
    }

    @Test("facts are names that the journal takes as fields")
    func facts() {
        for fact in Event.Fact.allCases {
            #expect(fact.rawValue.utf8.allSatisfy { $0 == 95 || (97...122).contains($0) } && fact.rawValue.first != "_")
        }
    }
}
