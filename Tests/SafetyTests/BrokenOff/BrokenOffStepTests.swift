import TestSupport
import Testing

/// An apply or verify that is killed at its n-th command, an application that writes an old name, and a run to the end.
@Suite("A step before the raise that was broken off")
struct BrokenOffStepTests {
    /// What an application does meanwhile, by the names that count.
    enum Write: String, CaseIterable, Sendable { case nothing, field, delete, anew, another }

    private struct Case: Sendable, CustomStringConvertible {
        var phase: String
        var point: World.Point
        var write: Write
        var owner = Estate.owners[0]

        var description: String {
            "\(phase) killed before \(point), then \(write) of \(owner.oldName)"
        }
    }

    @Test("goes on to what the application knows", arguments: World.Kind.allCases)
    func step(kind: World.Kind) async throws {
        let sample = Sample()
        try await withWorld(kind) { world in
            try await Estate.build(in: world)
            var moments = ["apply": try await world.remember()]
            let apply = try await cases(of: "apply", in: world)
            moments["verify"] = try await world.remember()
            let all = apply + (try await cases(of: "verify", in: world))
            let chosen = sample.choose(kind == .server ? 30 : 8, of: all) {
                "\($0.phase) \($0.point.shape) \($0.write)"
            }
            print("broken off on a \(kind): \(chosen.count) of \(all.count), SAFETY_SEED=\(sample.seed)")
            var random = SplitMix64(seed: sample.seed)
            try await sample.forEach(chosen) { one in
                var one = one
                one.owner = Estate.owners.randomElement(using: &random) ?? one.owner
                if let moment = moments[one.phase] { try await world.goBack(to: moment) }
                try await play(one, in: world)
            }
        }
    }

    private func cases(of phase: String, in world: World) async throws -> [Case] {
        let points = try await world.points(of: World.phaseArguments(phase))
        return points.flatMap { point in Write.allCases.map { Case(phase: phase, point: point, write: $0) } }
    }

    private func play(_ one: Case, in world: World) async throws {
        try await world.runKilled(before: one.point, World.phaseArguments(one.phase))
        // Once the version is raised, the old names are no more the application's to write.
        let isRaised = try await world.isRaised()
        let name = isRaised ? one.owner.newName : one.owner.oldName
        var expected = Dictionary(uniqueKeysWithValues: Estate.owners.map { ($0.newName, $0.fields()) })
        switch one.write {
        case .nothing: break
        case .field:
            try await world.send("HSET", name, "n", "late")
            expected[one.owner.newName] = one.owner.fields(value: "late")
        case .delete:
            try await world.send("UNLINK", name)
            expected[one.owner.newName] = nil
        case .anew:
            var fields = one.owner.fields(value: "anew")
            fields["topics"] = nil
            try await world.send("UNLINK", name)
            try await world.write(name, fields)
            expected[one.owner.newName] = fields
        case .another:
            let another = Owner(one.owner.tenant, .destination("late"))
            try await world.write(isRaised ? another.newName : another.oldName, another.fields())
            expected[another.newName] = another.fields()
        }
        let result = try await world.run("converge")
        #expect(result.exitStatus == 0, "\(one): \(result)")
        let hashes = try await world.hashes()
        let names = Set(hashes.keys).union(expected.keys).filter { hashes[$0] != expected[$0] }.sorted()
        let differences = names.map { "\($0): \(hashes[$0] ?? [:]), and should be \(expected[$0] ?? [:])" }
        #expect(differences.isEmpty, "\(one): \(differences.joined(separator: "\n"))\n\(result)")
    }
}
