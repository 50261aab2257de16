import MigrationKit
import RedisClient
import TestSupport
import Testing

@testable import Migrations

@Suite("The names of 001_hash_tags")
struct HashTagMovesTests {
    /// A name among records, and what it is.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let records: Records
        let verdict: NameVerdict

        init(_ name: String, among records: KeyValuePairs<String, String?> = [:], is verdict: NameVerdict) {
            self.name = name
            self.records = Records(records)
            self.verdict = verdict
        }

        var testDescription: String { name }
    }

    private static func old(_ move: KeyMove) -> NameVerdict { .reading(.source(move)) }
    private static func new(_ move: KeyMove) -> NameVerdict { .reading(.destination(move)) }
    private static func likelyOld(_ old: KeyMove, _ new: KeyMove) -> NameVerdict {
        .likely(.source(old), among: [.source(old), .destination(new)], by: .sourceRecord)
    }
    private static func likelyNew(_ old: KeyMove, _ new: KeyMove, by evidence: NameEvidence) -> NameVerdict {
        .likely(.destination(new), among: [.source(old), .destination(new)], by: evidence)
    }
    private static func both(_ move: KeyMove, _ other: KeyMove) -> NameVerdict {
        .ambiguous([.source(move), .destination(other)])
    }

    @Test(
        "old names of plain ids are sources",
        arguments: [
            Case("tenant:acme", among: ["tenant:acme": "acme"], is: old(Outpost.tenant("acme"))),
            Case("tenant:acme", is: old(Outpost.tenant("acme"))),
            Case("tenant:acme:destinations", is: old(Outpost.summary("acme"))),
            Case(
                "tenant:acme:destination:d1",
                among: ["tenant:acme:destination:d1": "d1"],
                is: old(Outpost.destination("acme", "d1"))
            ),
            // A record without an id of its own is what its name says.
            Case("tenant:acme:destination:d1", is: old(Outpost.destination("acme", "d1"))),
            Case("tenant:", among: ["tenant:": ""], is: old(Outpost.tenant(""))),
            Case("tenant::destinations", is: old(Outpost.summary(""))),
            Case("tenant::destination:", among: ["tenant::destination:": ""], is: old(Outpost.destination("", ""))),
        ] as [Case]
    )
    func plainOld(_ one: Case) {
        #expect(one.records.read(one.name) == one.verdict)
    }

    @Test(
        "new names are destinations of their pair",
        arguments: [
            Case("tenant:{acme}:tenant", among: ["tenant:{acme}:tenant": "acme"], is: new(Outpost.tenant("acme"))),
            Case(
                "tenant:{acme}:destinations",
                among: ["tenant:{acme}:tenant": "acme"],
                is: likelyNew(
                    Outpost.summary("{acme}"),
                    Outpost.summary("acme"),
                    by: .destinationRecord(Outpost.tenant("acme"))
                )
            ),
            Case(
                "tenant:{acme}:destination:d1",
                among: ["tenant:{acme}:tenant": "acme", "tenant:{acme}:destination:d1": "d1"],
                is: likelyNew(
                    Outpost.destination("{acme}", "d1"),
                    Outpost.destination("acme", "d1"),
                    by: .destinationRecord(Outpost.tenant("acme"))
                )
            ),
            Case("tenant:{}:tenant", among: ["tenant:{}:tenant": ""], is: new(Outpost.tenant(""))),
            Case("tenant:{a:b}:tenant", among: ["tenant:{a:b}:tenant": "a:b"], is: new(Outpost.tenant("a:b"))),
            Case("tenant:{{a}}:tenant", among: ["tenant:{{a}}:tenant": "{a}"], is: new(Outpost.tenant("{a}"))),
        ] as [Case]
    )
    func plainNew(_ one: Case) {
        #expect(one.records.read(one.name) == one.verdict)
    }

    @Test(
        "a tenant's id with ':' counts only if the record says so",
        arguments: [
            Case("tenant:foo:bar", is: .unrelated),
            Case("tenant:foo:bar", among: ["tenant:foo:bar": nil], is: .unrelated),
            Case("tenant:foo:bar", among: ["tenant:foo:bar": "bar"], is: .unrelated),
            Case("tenant:foo:bar", among: ["tenant:foo:bar": "foo"], is: .unrelated),
            Case("tenant:foo:bar", among: ["tenant:foo:bar": "foo:bar"], is: old(Outpost.tenant("foo:bar"))),
            Case("tenant:a:", among: ["tenant:a:": "a:"], is: old(Outpost.tenant("a:"))),
            Case("tenant::", is: .unrelated),
            Case("tenant:a:destination", is: .unrelated),
            Case("tenant:a:tenant", is: .unrelated),
            Case("tenant:a:tenant", among: ["tenant:a:tenant": "a:tenant"], is: old(Outpost.tenant("a:tenant"))),
            Case("tenant:{a:tenant", is: .unrelated),
            Case(
                "tenant:a:destinations",
                among: ["tenant:a:destinations": "a:destinations"],
                is: old(Outpost.tenant("a:destinations"))
            ),
            Case(
                "tenant:a:destination:d",
                among: ["tenant:a:destination:d": "a:destination:d"],
                is: old(Outpost.tenant("a:destination:d"))
            ),
            Case(
                "tenant:{a}:tenant",
                among: ["tenant:{a}:tenant": "{a}:tenant"],
                is: old(Outpost.tenant("{a}:tenant"))
            ),
        ] as [Case]
    )
    func colons(_ one: Case) {
        #expect(one.records.read(one.name) == one.verdict)
    }

    @Test(
        "names that do not begin with the prefix are unrelated",
        arguments: ["", "t", "tenant", "tenants:a", "Tenant:a", "xtenant:a", "outpost:schema:version", "id:tenant:a"]
    )
    func unrelated(name: String) {
        #expect(HashTagMoves(root: Bytes("tenant:")).match(Bytes(name)) == .unrelated)
    }

    @Test(
        "a summary in braces is new or old by the tenant that there is",
        arguments: [
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:{x}": "{x}"],
                is: likelyOld(Outpost.summary("{x}"), Outpost.summary("x"))
            ),
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:{x}:tenant": "x"],
                is: likelyNew(Outpost.summary("{x}"), Outpost.summary("x"), by: .destinationRecord(Outpost.tenant("x")))
            ),
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:x": "x"],
                is: likelyNew(Outpost.summary("{x}"), Outpost.summary("x"), by: .sourceRecord)
            ),
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:x": "x", "tenant:{x}:tenant": "x"],
                is: likelyNew(Outpost.summary("{x}"), Outpost.summary("x"), by: .sourceRecord)
            ),
            Case("tenant:{x}:destinations", is: both(Outpost.summary("{x}"), Outpost.summary("x"))),
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:{x}": "{x}", "tenant:{x}:tenant": "x"],
                is: both(Outpost.summary("{x}"), Outpost.summary("x"))
            ),
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:{x}": "{x}", "tenant:x": "x"],
                is: both(Outpost.summary("{x}"), Outpost.summary("x"))
            ),
            // Records that tell another id prove nothing.
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:{x}": "x", "tenant:{x}:tenant": "{x}:tenant"],
                is: both(Outpost.summary("{x}"), Outpost.summary("x"))
            ),
            Case(
                "tenant:{x}:destinations",
                among: ["tenant:{x}:destinations": "{x}:destinations", "tenant:x": "x"],
                is: old(Outpost.tenant("{x}:destinations"))
            ),
        ] as [Case]
    )
    func bracedSummary(_ one: Case) {
        #expect(one.records.read(one.name) == one.verdict)
    }

    private static let braced = "tenant:{x}:destination:d"

    @Test(
        "a destination in braces is new or old by the tenant that there is",
        arguments: [
            Case(
                braced,
                among: [braced: "d", "tenant:{x}": "{x}"],
                is: likelyOld(Outpost.destination("{x}", "d"), Outpost.destination("x", "d"))
            ),
            Case(
                braced,
                among: [braced: "d", "tenant:x": "x"],
                is: likelyNew(Outpost.destination("{x}", "d"), Outpost.destination("x", "d"), by: .sourceRecord)
            ),
            Case(
                braced,
                among: [braced: "d", "tenant:{x}:tenant": "x"],
                is: likelyNew(
                    Outpost.destination("{x}", "d"),
                    Outpost.destination("x", "d"),
                    by: .destinationRecord(Outpost.tenant("x"))
                )
            ),
            // The id that a summary has not does not speak for a destination either: three readings are too many.
            Case(
                "tenant:{a}:destination:b:destinations",
                among: ["tenant:a": "a"],
                is: .ambiguous([
                    .source(Outpost.summary("{a}:destination:b")),
                    .source(Outpost.destination("{a}", "b:destinations")),
                    .destination(Outpost.destination("a", "b:destinations")),
                ])
            ),
            Case(
                braced,
                among: [braced: "d"],
                is: both(Outpost.destination("{x}", "d"), Outpost.destination("x", "d"))
            ),
            Case(
                braced,
                among: [braced: "d", "tenant:{x}": "{x}", "tenant:x": "x"],
                is: both(Outpost.destination("{x}", "d"), Outpost.destination("x", "d"))
            ),
            Case(
                braced,
                among: [braced: "{x}:destination:d", "tenant:x": "x"],
                is: old(Outpost.tenant("{x}:destination:d"))
            ),
        ] as [Case]
    )
    func bracedDestination(_ one: Case) {
        #expect(one.records.read(one.name) == one.verdict)
    }

    private static let twice = "tenant:a:destination:b:destination:c"

    @Test(
        "of several ':destination:' the record's id tells which one counts",
        arguments: [
            Case(twice, among: [twice: "c"], is: old(Outpost.destination("a:destination:b", "c"))),
            Case(twice, among: [twice: "b:destination:c"], is: old(Outpost.destination("a", "b:destination:c"))),
            Case(
                twice,
                among: [twice: "a:destination:b:destination:c"],
                is: old(Outpost.tenant("a:destination:b:destination:c"))
            ),
            Case(
                twice,
                is: .ambiguous([
                    .source(Outpost.destination("a", "b:destination:c")),
                    .source(Outpost.destination("a:destination:b", "c")),
                ])
            ),
            Case(
                "tenant:a:destination:destination:c",
                among: ["tenant:a:destination:destination:c": "destination:c"],
                is: old(Outpost.destination("a", "destination:c"))
            ),
            // The two separators share a colon.
            Case(
                "tenant:a:destination:destination:",
                among: ["tenant:a:destination:destination:": ""],
                is: old(Outpost.destination("a:destination", ""))
            ),
        ] as [Case]
    )
    func severalSeparators(_ one: Case) {
        #expect(one.records.read(one.name) == one.verdict)
    }

    @Test("two pairs can share a destination, and its record tells whose it is")
    func collision() {
        let tenant = Outpost.tenant("a}:destination:b")
        let destination = Outpost.destination("a", "b}:tenant")
        #expect(tenant.destination == destination.destination)
        let name = tenant.destination
        var records = Records(["tenant:a": "a", "tenant:{a}:tenant": "a"])
        records.add(name, id: Bytes("a}:destination:b"))
        #expect(records.read(name) == Self.new(tenant))
        records.add(name, id: Bytes("b}:tenant"))
        #expect(records.mostLikely(name) == Self.new(destination))
        // Both sources are read as what they are: the ledger shows that they collide.
        records.add(tenant.source, id: Bytes("a}:destination:b"))
        records.add(destination.source, id: Bytes("b}:tenant"))
        #expect(records.read(tenant.source) == Self.old(tenant))
        #expect(records.read(destination.source) == Self.old(destination))
    }

    @Test("a new name that is also the old name of another pair is read by its own record")
    func newNameIsOldName() {
        // Tenant `{a}:tenant` had the name that tenant `a` gets.
        let name = Bytes("tenant:{a}:tenant")
        var records = Records(["tenant:a": "a"])
        records.add(name, id: Bytes("{a}:tenant"))
        #expect(records.read(name) == Self.old(Outpost.tenant("{a}:tenant")))
        #expect(Outpost.tenant("a").destination == name)
    }

    @Test(
        "ids of any bytes move as they are",
        arguments: [
            [], Bytes("with space"), Bytes("*?[a]\\"), Bytes("{"), Bytes("}"), Bytes("{}"), Bytes("}{"), Bytes("{a"),
            [0], [0xFF, 0xFE], [13, 10], Bytes("ä"), Bytes("\u{202E}"), [UInt8](repeating: 0x41, count: 4096),
            Bytes("tenant"), Bytes("destinations"), Bytes("{x}"), Bytes("{a}:tenant"), Bytes(":"), Bytes("a:b"),
        ] as [Bytes]
    )
    func oddIDs(id: Bytes) {
        var records = Records()
        let tenant = Outpost.tenant(id)
        let destination = Outpost.destination(id, id)
        let summary = Outpost.summary(id)
        records.add(tenant.source, id: id)
        records.add(destination.source, id: id)
        records.add(summary.source, id: nil)
        #expect(records.mostLikely(tenant.source) == Self.old(tenant))
        #expect(records.mostLikely(destination.source) == Self.old(destination))
        #expect(records.mostLikely(summary.source) == Self.old(summary))

        var later = Records()
        later.add(tenant.destination, id: id)
        later.add(destination.destination, id: id)
        later.add(summary.destination, id: nil)
        #expect(later.mostLikely(tenant.destination) == Self.new(tenant))
        #expect(later.mostLikely(destination.destination) == Self.new(destination))
        #expect(later.mostLikely(summary.destination) == Self.new(summary))
    }

    @Test("a deployment's prefix belongs to every name")
    func deployment() {
        let moves = HashTags().moves(in: KeyNames(deploymentID: "d1"))
        #expect(moves.prefix == Bytes("d1:tenant:"))
        #expect(moves.match(Bytes("tenant:a")) == .unrelated)
        let move = KeyMove(
            kind: "tenant",
            source: Bytes("d1:tenant:a"),
            destination: Bytes("d1:tenant:{a}:tenant")
        )
        #expect(moves.match(Bytes("d1:tenant:a")) == .certain(.source(move)))
    }

    @Test("a long name asks no more questions than a short one could")
    func longName() {
        let name = Bytes("tenant:" + String(repeating: "{a}:destination:", count: 300))
        guard case .open(let questions) = HashTagMoves(root: Bytes("tenant:")).match(name) else { return }
        #expect(questions.count < 100, "for a name of \(name.count) bytes")
    }

    /// What saves questions counts only with these promises: what all questions would say is not something else.
    @Test("what nothing refutes is the likely copy, or undecided; what is proven too is the copy")
    func likelyCopy() {
        var generator = SplitMix64(seed: 7)
        let moves = HashTagMoves(root: Bytes("tenant:"))
        let ids = ["a", "{a}", "b", "", "{", "}", "a:b", "{a}:tenant", "{a}:destinations", "{a}:destination:b"]
        let tails = [":tenant", ":destinations", ":destination:b", ":destination:{a}", ":destination:b:destination:c"]
        let text = { (bytes: Bytes) in String(decoding: bytes, as: UTF8.self) }
        func part(_ from: [String]) -> String { from.randomElement(using: &generator) ?? "" }
        var (likely, proven) = (0, 0)
        for _ in 0..<20_000 {
            let name = Bytes("tenant:" + (Bool.random(using: &generator) ? "{\(part(ids))}" : part(ids)) + part(tails))
            guard case .open(let questions) = moves.match(name), let copy = moves.likelyCopy(name) else { continue }
            likely += 1
            let isOwn = copy.refutations.map { $0.question.key == name }
            #expect(isOwn == copy.refutations.indices.map { $0 < copy.ownRefutations }, "\(text(name))")
            let words = ids + [text(Bytes(name.dropFirst(7)))]
            var known: [FieldQuestion: Bytes?] = [:]
            let answers = copy.refutations + [copy.proof]
            for question in questions + answers.map(\.question) where known[question] == nil {
                known[question] = .some(Bool.random(using: &generator) ? nil : Bytes(part(words)))
            }
            if Bool.random(using: &generator) { known[copy.proof.question] = Bytes(copy.proof.answer) }
            let isRefuted = copy.refutations.contains { known[$0.question] == .some(Bytes($0.answer)) }
            let verdict = moves.decide(name, answers: questions.map { known[$0] ?? nil })
            let isUndecided =
                if case .ambiguous(let readings) = verdict { readings.contains(.destination(copy.move)) } else { false }
            let isNew =
                switch verdict {
                case .reading(let reading), .likely(let reading, _, _): reading == .destination(copy.move)
                case .unrelated, .ambiguous: false
                }
            #expect(isRefuted || isUndecided || isNew, "\(text(name))")
            guard !isRefuted, known[copy.proof.question] == .some(Bytes(copy.proof.answer)) else { continue }
            proven += 1
            #expect(isNew, "\(text(name))")
        }
        #expect(likely > 5000)
        #expect(proven > 1000)
    }
}
