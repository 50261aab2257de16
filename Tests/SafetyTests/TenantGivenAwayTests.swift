import TestSupport
import Testing

/// Tenant `b` and tenant `{b}`: the new name of the one's destination is the old name of the other's.
@Suite("A record of a tenant whose own hash is missing")
struct TenantGivenAwayTests {
    /// Whose record could be given away, and to whom.
    enum Direction: String, CaseIterable, Sendable {
        /// Tenant `b` has the record, and a tenant `{b}` is there.
        case toBraces
        /// Tenant `{a}` has the record, and a tenant `a` is there.
        case fromBraces
    }

    enum Thing: String, CaseIterable, Sendable { case destination, summary }

    /// When the hash of the record's tenant goes.
    enum Moment: String, CaseIterable, Sendable { case missing, beforeVerify, beforeCleanup, never }

    enum Way: String, CaseIterable, Sendable { case byHand, converge }

    struct Case: Sendable, CustomStringConvertible {
        var direction: Direction
        var thing: Thing
        var moment: Moment
        var way: Way

        /// A converge has no gap in which a hash could go but the one before its cleanup.
        static let all = Direction.allCases.flatMap { direction in
            Thing.allCases.flatMap { thing in
                Moment.allCases.flatMap { moment in
                    Way.allCases.compactMap { way in
                        way == .converge && moment == .beforeVerify
                            ? nil : Case(direction: direction, thing: thing, moment: moment, way: way)
                    }
                }
            }
        }

        var description: String { "\(direction) \(thing) \(moment) \(way)" }

        var owner: Owner {
            Owner(direction == .toBraces ? "b" : "{a}", thing == .summary ? .summary : .destination("x"))
        }
        var tenant: Owner { Owner(owner.tenant, .tenant) }
        var other: Owner { Owner(direction == .toBraces ? "{b}" : "a", .tenant) }

        /// Whether nothing but the missing hash could tell whose record it is: its old name is the other's new name.
        var cannotBeKnown: Bool { direction == .fromBraces && moment == .missing }
    }

    @Test("stays its tenant's on a server, by whatever name it goes")
    func server() async throws {
        try await withWorld(.server) { world in
            for one in Case.all { try await play(one, in: world) }
        }
    }

    @Test("stays its tenant's in a cluster, by whatever name it goes")
    func cluster() async throws {
        let sample = Sample()
        try await withWorld(.cluster) { world in
            try await sample.forEach(sample.choose(4, of: Case.all)) { try await play($0, in: world) }
        }
    }

    private func play(_ one: Case, in world: World) async throws {
        try await world.wipe()
        try await world.write(one.other.oldName, one.other.fields())
        try await world.write(one.owner.oldName, one.owner.fields())
        if one.moment != .missing { try await world.write(one.tenant.oldName, one.tenant.fields()) }
        let before = try await world.hash(one.owner.oldName)

        var last: ProcessResult
        switch one.way {
        case .byHand:
            last = try await world.phase("apply")
            try await check(one, before, "apply", last, in: world)
            if one.moment == .beforeVerify { try await removeTenant(one, in: world) }
            last = try await world.phase("verify")
            try await check(one, before, "verify", last, in: world)
            if one.moment == .beforeCleanup { try await removeTenant(one, in: world) }
            if try await world.isRaised() { last = try await world.phase("cleanup") }
        case .converge:
            last = try await world.run("converge", with: ["MIGRATEREDIS_CLEANUP_APPROVAL": "required"])
            try await check(one, before, "converge to the raise", last, in: world)
            if one.moment == .beforeCleanup { try await removeTenant(one, in: world) }
            last = try await world.run("converge")
        }
        try await check(one, before, "cleanup", last, in: world)
        guard try await world.isRaised() else {
            let isShown = try await world.holds(one.owner.oldName, one.owner.newName)
            #expect(last.exitStatus != 0 && isShown, "\(one): not raised, and not held: \(last)")
            return
        }
        #expect(!one.cannotBeKnown, "\(one): raised, though the record could be either tenant's")
        last = try await world.run("converge", "--target", "3")
        try await check(one, before, "all migrations", last, in: world)
    }

    private func removeTenant(_ one: Case, in world: World) async throws {
        try await world.send("UNLINK", one.tenant.oldName)
        try await world.send("UNLINK", one.tenant.newName)
    }

    private func check(
        _ one: Case,
        _ before: [String: String],
        _ step: String,
        _ result: ProcessResult,
        in world: World
    ) async throws {
        let places = try await world.hashes().filter { $0.value[Owner.field] == one.owner.mark }
        let isStrange = places.keys.contains { $0 != one.owner.oldName && $0 != one.owner.newName }
        #expect(!isStrange && !places.isEmpty, "\(one) after \(step): it is under \(places.keys.sorted())\n\(result)")
        if step == "cleanup", result.exitStatus == 0, one.way == .byHand {
            #expect(places[one.owner.oldName] == nil || one.cannotBeKnown, "\(one): cleaned, and the old name is there")
        }
        if one.direction == .toBraces {
            // Nothing speaks against the first copy, and what was copied is known from then on.
            #expect(places[one.owner.newName] != nil, "\(one) after \(step): the copy is gone\n\(result)")
        }
        if result.exitStatus != 0, step != "apply" {
            let isShown = try await world.holds(one.owner.oldName, one.owner.newName, one.tenant.newName)
            #expect(isShown, "\(one) after \(step): \(result)\nand status --held does not show it")
        }
        guard one.cannotBeKnown, step != "all migrations" else { return }
        #expect(try await world.hash(one.owner.oldName) == before, "\(one) after \(step): it was rewritten")
    }
}
