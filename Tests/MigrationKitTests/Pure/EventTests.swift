import Testing

@testable import MigrationKit

@Suite("Events")
struct EventTests {
    @Test("each kind has an id of its own, of 128 bits in hexadecimal, and a text of its own")
    func identifiers() {
        let ids = Event.Kind.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.utf8.count == 32 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }, "\(id)")
        }
        #expect(Set(Event.Kind.allCases.map(\.text)).count == ids.count)
    }

    @Test("the ids and the names that were given out never change")
    func pinned() {
        let given: [(String, String)] = [
            ("started", "c20b61a096cc5542fe221871ebc37960"), ("stopping", "9304537a983ed16312fd3fbaf867ae9e"),
            ("reloaded", "65645e34afb3eb5551a126317bc23474"), ("reloadRefused", "28d5db923f1a75849fc0089ed5a1a187"),
            ("stepStarted", "c4d49edc5614b38f70e6e8d255b66e61"), ("stepFinished", "31b497c2fa3f396fc905e57efabd3208"),
            ("stepFailed", "79b6376d57b77b20190cfe510e77c2bd"), ("versionRaised", "ed6d393ba393c8badd5cb9a05a4d70ac"),
            ("waiting", "5d829011ae2068f48bad367e65d81970"), ("stalled", "7ff753e9d8ce02369a2cbf8fac52e116"),
            ("converged", "fd43078b4ad60d5340cebde939678a52"), ("phaseChanged", "4b614dc075c7306048ad2ab3c68af4c1"),
            ("approved", "0e3a587746506372164b65ee64fde39a"), ("revoked", "0d90d9b71d91e0d647f2e03d1cbe2209"),
            ("paused", "cd714e81afc1238161b782083d3981d3"), ("resumed", "92acc393bbf2fb5723cc255c41b93be7"),
            ("pinned", "5dcaceca2e3acea12d5d5e8445a78f7c"), ("unpinned", "c27f76fa52e446d29b9198e99c30ab7c"),
            ("retryAsked", "4d67090790d84b61c82669aa1f7bfd56"),
            ("reconcileAsked", "3264d0d1ef86c84a017dd17974028957"), ("resolved", "a1c6164d99886452b965a544ba73acb1"),
            ("lockTakenOver", "be552f219513a65163c1c35552207c39"), ("unlocked", "42da635810baadc74e81000bb1dfbc48"),
        ]
        let now = Dictionary(uniqueKeysWithValues: Event.Kind.allCases.map { ($0.rawValue, $0.messageID) })
        for (name, id) in given { #expect(now[name] == id, "\(name)") }
    }

    @Test("facts are names that the journal takes as fields")
    func facts() {
        for fact in Event.Fact.allCases {
            #expect(fact.rawValue.utf8.allSatisfy { $0 == 95 || (97...122).contains($0) } && fact.rawValue.first != "_")
        }
    }

    @Test("facts come in the order of their list, and those that are empty do not come")
    func pairs() {
        let event = Event(.phaseChanged, [.by: "host", .to: "planned", .from: "", .migration: "m"])
        #expect(event.pairs.map { "\($0.fact)=\($0.value)" } == ["migration=m", "to=planned", "by=host"])
    }

    @Test("each kind is explained: what it is, why it is there and what to do")
    func explained() {
        let facts = Set(Event.Fact.allCases.map { $0.rawValue.uppercased() })
        var subjects: Set<String> = []
        for kind in Event.Kind.allCases {
            let explanation = kind.explanation
            #expect(!explanation.cause.isEmpty && !explanation.remedy.isEmpty, "\(kind)")
            #expect(subjects.insert(explanation.subject).inserted, "\(kind)")
            for text in [explanation.subject, explanation.cause, explanation.remedy] {
                // What stands between two '@' is a fact's name; every other part is text.
                let parts = text.split(separator: "@", omittingEmptySubsequences: false)
                #expect(parts.count % 2 == 1, "\(kind): \(text)")
                for (index, part) in parts.enumerated() where index % 2 == 1 {
                    #expect(facts.contains(String(part)), "\(kind): \(part)")
                }
            }
        }
    }
}
