/// Something that happened, with its facts: what journal, history and status tell is made of these and of nothing else.
public struct Event: Sendable, Equatable {
    /// What kind of event.
    public var kind: Kind
    /// The facts.
    public var facts: [Fact: String]

    /// An event with its facts.
    public init(_ kind: Kind, _ facts: [Fact: String] = [:]) {
        self.kind = kind
        self.facts = facts
    }

    /// The facts that are known, in the order of their list.
    public var pairs: [(fact: Fact, value: String)] {
        Fact.allCases.compactMap { fact in
            guard let value = facts[fact], !value.isEmpty else { return nil }
            return (fact, value)
        }
    }
}
