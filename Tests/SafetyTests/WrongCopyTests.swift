import TestSupport
import Testing

/// Copies that are not what they should be when verify comes to them.
@Suite("Wrong copies")
struct WrongCopyTests {
    /// What happened to a copy.
    enum Damage: String, CaseIterable, Sendable {
        case fieldFlipped, fieldsRemoved, expiryRemoved, expiryShortened

        func happen(to owner: Owner, in world: World) async throws {
            switch self {
            case .fieldFlipped: try await world.send("HSET", owner.newName, "credentials", "flipped")
            case .fieldsRemoved: try await world.send("HDEL", owner.newName, "credentials", "type")
            case .expiryRemoved: try await world.send("PERSIST", owner.newName)
            case .expiryShortened: try await world.send("EXPIRE", owner.newName, "60")
            }
        }
    }

    private static let count = 5000
    private static let owners = (0..<count).map { Owner("t\($0 / 10)", .destination("d\($0)")) }
    /// Every tenth ends some day; the damaged ones are all among them.
    private static let mortal = owners.indices.filter { $0.isMultiple(of: 10) }.map { owners[$0] }

    @Test("in any number and of any kind make verify invalid until a person has accepted so many")
    func verify() async throws {
        try await withWorld(.server) { world in
            try await apply(in: world)
            let applied = try await world.remember()
            for (count, damage) in [
                (1, Damage.fieldFlipped), (1, .fieldsRemoved), (1, .expiryRemoved), (1, .expiryShortened),
                (20, .fieldsRemoved), (50, .fieldFlipped), (51, .expiryShortened),
            ] {
                let wrong = Array(Self.mortal.prefix(count))
                for owner in wrong { try await damage.happen(to: owner, in: world) }
                let name = "\(count) \(damage)"
                let sample = try await world.run("-migration", World.migration, "verify", "--sample", "\(Self.count)")
                #expect(sample.exitStatus == 1 && Self.tells(count, in: sample), "\(name), a sample: \(sample)")
                try await requireInvalid(wrong, name, in: world)
                try await requireInvalid(wrong, name + ", again", in: world)
                if damage == .fieldFlipped { try await requireAcceptance(count, name, in: world) }
                try await world.goBack(to: applied)
            }
        }
    }

    @Test("are mended from their old keys by resolve, and then verify is valid")
    func resolve() async throws {
        try await withWorld(.server) { world in
            try await apply(in: world)
            let wrong = Array(Self.mortal.prefix(8))
            for (index, owner) in wrong.enumerated() {
                try await Damage.allCases[index % Damage.allCases.count].happen(to: owner, in: world)
            }
            try await requireInvalid(wrong, "before resolve", in: world)
            for owner in wrong {
                let result = try await world.run(
                    "resolve",
                    World.migration,
                    owner.oldName,
                    "--keep",
                    "source",
                    "--force"
                )
                #expect(result.exitStatus == 0, "\(result)")
                #expect(try await world.hash(owner.newName) == owner.fields())
                let old = try await world.send("PEXPIRETIME", owner.oldName).integer
                #expect(try await world.send("PEXPIRETIME", owner.newName).integer == old)
            }
            let apply = try await world.phase("apply")
            #expect(apply.exitStatus == 0, "\(apply)")
            let verify = try await world.phase("verify")
            #expect(verify.exitStatus == 0, "\(verify)")
            #expect(try await world.isRaised())
        }
    }

    @Test("that a person has accepted by number are accepted up to this number")
    func acceptance() async throws {
        try await withWorld(.server) { world in
            try await apply(in: world)
            for owner in Self.mortal.prefix(7) { try await Damage.fieldFlipped.happen(to: owner, in: world) }
            let less = try await world.run("-migration", World.migration, "verify", "--accept-in-use", "6")
            #expect(less.exitStatus == 1, "\(less)")
            #expect(try await !world.isRaised())
            let enough = try await world.run("-migration", World.migration, "verify", "--accept-in-use", "7")
            #expect(enough.exitStatus == 0, "\(enough)")
            #expect(try await world.isRaised())
            let cleanup = try await world.phase("cleanup")
            #expect(cleanup.exitStatus == 0, "\(cleanup)")
        }
    }

    // MARK: The course of things

    private func apply(in world: World) async throws {
        try await world.write(Dictionary(uniqueKeysWithValues: Self.owners.map { ($0.oldName, $0.fields()) }))
        for owner in Self.mortal { try await world.send("EXPIRE", owner.oldName, "100000") }
        let result = try await world.phase("apply")
        #expect(result.exitStatus == 0, "\(result)")
    }

    private func requireInvalid(_ wrong: [Owner], _ name: String, in world: World) async throws {
        let result = try await world.phase("verify")
        let text = result.standardOutput + result.standardError
        #expect(result.exitStatus == 1, "\(name): \(result)")
        #expect(text.contains("inUse") && Self.tells(wrong.count, in: result), "\(name): \(result)")
        #expect(wrong.contains { text.contains($0.oldName) || text.contains($0.newName) }, "\(name): \(result)")
        #expect(try await !world.isRaised(), "\(name): raised")
    }

    /// After what a person has accepted, as many pass, and one more does not.
    private func requireAcceptance(_ count: Int, _ name: String, in world: World) async throws {
        let approval = try await world.run("approve", World.migration, "verify")
        #expect(approval.exitStatus == 0, "\(name): \(approval)")
        let extra = Self.mortal[count]
        try await Damage.fieldFlipped.happen(to: extra, in: world)
        let more = try await world.phase("verify")
        #expect(more.exitStatus == 1, "\(name): one more than accepted: \(more)")
        #expect(try await !world.isRaised())
        try await world.write(extra.newName, extra.fields())
        let result = try await world.phase("verify")
        #expect(result.exitStatus == 0, "\(name): accepted: \(result)")
        #expect(try await world.isRaised())
    }

    private static func tells(_ count: Int, in result: ProcessResult) -> Bool {
        (result.standardOutput + result.standardError).split { !$0.isNumber }.contains { $0 == "\(count)" }
    }
}
