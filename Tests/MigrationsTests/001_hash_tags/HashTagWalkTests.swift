import MigrationKit
import RedisClient
import TestSupport
import Testing

@testable import Migrations

@Suite("Random names of 001_hash_tags")
struct HashTagWalkTests {
    /// Pieces of which ids are made that are most likely to be taken for something else.
    private static let pieces: [Bytes] = [
        Bytes("a"), Bytes("b"), Bytes("x1"), Bytes(":"), Bytes("{"), Bytes("}"), Bytes("{a}"), Bytes("}:"),
        Bytes(":tenant"), Bytes(":destinations"), Bytes(":destination:"), Bytes("tenant:"), Bytes("destination:"),
        [0xFF],
        [0], Bytes(" "), Bytes("*"),
    ]

    private static func randomID(_ generator: inout SplitMix64) -> Bytes {
        (0..<Int.random(in: 0...4, using: &generator)).flatMap { _ in pieces.randomElement(using: &generator) ?? [] }
    }

    /// A keyspace in which one tenant and its records have their old names only, or their new names only.
    private static func records(of tenant: Bytes, _ destination: Bytes, isOld: Bool) -> Records {
        var records = Records()
        func name(_ move: KeyMove) -> Bytes { isOld ? move.source : move.destination }
        records.add(name(Outpost.summary(tenant)), id: nil)
        records.add(name(Outpost.tenant(tenant)), id: tenant)
        records.add(name(Outpost.destination(tenant, destination)), id: destination)
        return records
    }

    @Test("an old tenant or destination is never unrelated, nor taken for another, when its record says its id")
    func oldNames() throws {
        var generator = SplitMix64(seed: 11)
        for _ in 0..<5000 {
            let tenant = Self.randomID(&generator)
            let destination = Self.randomID(&generator)
            let records = Self.records(of: tenant, destination, isOld: true)
            for move in [Outpost.tenant(tenant), Outpost.destination(tenant, destination)] {
                guard records.hashes[move.source] == (move.kind == "tenant" ? tenant : destination) else { continue }
                try #require(
                    records.mostLikely(move.source) == .reading(.source(move)),
                    "\(KeyText.escaped(move.source))"
                )
            }
        }
    }

    @Test("a new tenant or destination is the destination of its pair when its tenant has moved")
    func newNames() throws {
        var generator = SplitMix64(seed: 12)
        for _ in 0..<5000 {
            let tenant = Self.randomID(&generator)
            let destination = Self.randomID(&generator)
            let records = Self.records(of: tenant, destination, isOld: false)
            for move in [Outpost.tenant(tenant), Outpost.destination(tenant, destination)] {
                guard records.hashes[move.destination] == (move.kind == "tenant" ? tenant : destination) else {
                    continue
                }
                let verdict = records.mostLikely(move.destination)
                try #require(verdict == .reading(.destination(move)), "\(KeyText.escaped(move.destination))")
            }
        }
    }

    @Test("a summary is never unrelated, and read rightly or held where nothing decides")
    func summaries() {
        var generator = SplitMix64(seed: 13)
        var held = 0
        for _ in 0..<5000 {
            let tenant = Self.randomID(&generator)
            let move = Outpost.summary(tenant)
            for isOld in [true, false] {
                let records = Self.records(of: tenant, Bytes("d"), isOld: isOld)
                let name = isOld ? move.source : move.destination
                guard let id = records.hashes[name], id == nil else { continue }
                let right: NameReading = isOld ? .source(move) : .destination(move)
                switch records.mostLikely(name) {
                case .reading(let reading), .likely(let reading, _, _):
                    #expect(reading == right, "\(KeyText.escaped(name))")
                case .ambiguous(let readings):
                    held += 1
                    #expect(readings.contains(right), "\(KeyText.escaped(name))")
                case .unrelated:
                    Issue.record("\(KeyText.escaped(name)) is unrelated")
                }
            }
        }
        #expect(held < 2000, "almost everything is held")
    }

    @Test("in a keyspace of many tenants, old and new, no record is ever taken for another one")
    func manyTenants() {
        var generator = SplitMix64(seed: 14)
        for _ in 0..<300 {
            var records = Records()
            var truth: [Bytes: NameReading] = [:]
            var isShared = Set<Bytes>()
            for _ in 0..<6 {
                let tenant = Self.randomID(&generator)
                let destination = Self.randomID(&generator)
                for move in [Outpost.tenant(tenant), Outpost.destination(tenant, destination)] {
                    let isOld = Bool.random(using: &generator)
                    let name = isOld ? move.source : move.destination
                    if truth[name] != nil { isShared.insert(name) }
                    truth[name] = isOld ? .source(move) : .destination(move)
                    records.add(name, id: move.kind == "tenant" ? tenant : destination)
                }
            }
            for (name, right) in truth where !isShared.contains(name) {
                switch records.mostLikely(name) {
                case .reading(let reading), .likely(let reading, _, _):
                    // A destination in braces reads by the tenant that is there; a stranger's tenant may deceive it only
                    // between the old and the new name of the same destination.
                    #expect(
                        reading == right || Self.differOnlyInBraces(reading, right),
                        "\(KeyText.escaped(name)): \(reading) and not \(right)"
                    )
                case .ambiguous(let readings):
                    #expect(readings.contains(right), "\(KeyText.escaped(name))")
                case .unrelated:
                    Issue.record("\(KeyText.escaped(name)) is unrelated")
                }
            }
        }
    }

    private static func differOnlyInBraces(_ one: NameReading, _ other: NameReading) -> Bool {
        switch (one, other) {
        case (.source(let old), .destination(let new)), (.destination(let new), .source(let old)):
            return old.kind == "destination" && new.kind == "destination" && old.source == new.destination
        default:
            return false
        }
    }

    @Test("names that are random bytes are answered, whatever the records say")
    func randomBytes() {
        var generator = SplitMix64(seed: 15)
        let moves = HashTagMoves(root: Bytes("tenant:"))
        for _ in 0..<5000 {
            var name = Bool.random(using: &generator) ? Bytes("tenant:") : []
            name += Self.randomID(&generator)
            name += (0..<Int.random(in: 0...12, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
            name += Self.randomID(&generator)
            guard case .open(let questions) = moves.match(name) else { continue }
            let answers = questions.map { _ in Bool.random(using: &generator) ? nil : Self.randomID(&generator) }
            switch moves.decide(name, answers: answers) {
            case .unrelated: break
            case .reading(let reading): #expect(Self.names(reading, name))
            case .likely(let reading, let readings, _):
                #expect(readings.count == 2 && readings.contains(reading))
                #expect(readings.allSatisfy { Self.names($0, name) })
            case .ambiguous(let readings):
                #expect(readings.count > 1 && readings.allSatisfy { Self.names($0, name) })
            }
        }
    }

    /// Whether a reading is one of the name: its pair has it on the side that it says.
    private static func names(_ reading: NameReading, _ name: Bytes) -> Bool {
        switch reading {
        case .source(let move): return move.source == name && move.destination != name
        case .destination(let move): return move.destination == name && move.source != name
        }
    }
}
