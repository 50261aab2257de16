import TestSupport
import Testing

/// A version that somebody sets back, after new applications have deleted records.
@Suite("A version that was set back")
struct VersionGamesTests {
    /// What somebody does to the version.
    enum Game: String, CaseIterable, Sendable {
        case zero, remove, lower

        func play(in world: World) async throws {
            switch self {
            case .zero: try await world.send("SET", "outpost:schema:version", "0")
            case .remove: try await world.send("UNLINK", "outpost:schema:version")
            case .lower: try await world.send("DECR", "outpost:schema:version")
            }
        }
    }

    /// How far the migrations had come.
    enum Stage: String, CaseIterable, Sendable { case raised, cleaned, latest }

    private static let owners = (0..<6).map { Owner("t\($0)", .destination("x")) } + [Owner("t0", .tenant)]

    @Test("brings nothing back, and stalls whoever comes anew", arguments: Game.allCases, Stage.allCases)
    func game(game: Game, stage: Stage) async throws {
        try await withWorld(.server) { world in
            try await world.write(Dictionary(uniqueKeysWithValues: Self.owners.map { ($0.oldName, $0.fields()) }))
            let approval = ["MIGRATEREDIS_CLEANUP_APPROVAL": stage == .cleaned ? "automatic" : "required"]
            let target = stage == .latest ? "3" : "1"
            let start = try await world.run("converge", "--target", target, with: approval)
            #expect(start.exitStatus == 0, "\(start)")
            for owner in Self.owners.prefix(2) { try await world.send("UNLINK", owner.newName) }
            try await world.send("HSET", Self.owners[2].newName, "n", "by a new instance")
            let before = try await world.hashes()
            try await game.play(in: world)

            let run = try await world.run("converge", "--target", target)
            #expect(run.exitStatus == 1, "\(run)")
            #expect((run.standardOutput + run.standardError).contains("VersionRegressed"), "\(run)")
            #expect(try await world.hashes() == before)
            let daemon = try await world.start("migrateredisd", with: ["MIGRATEREDIS_SCHEMA_TARGET": target])
            try await daemon.waitForOutput(containing: "VersionRegressed")
            #expect(daemon.standardError.contains("stalled"), "\(daemon.standardError)")
            await daemon.stop()
        }
    }
}
